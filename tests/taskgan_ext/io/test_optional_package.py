import json

import pytest

from taskgan_ext.errors import DependencyError
from taskgan_ext.io.optional_package import load_optional


def test_module_is_loaded() -> None:
    assert load_optional("json.decoder", "a test", "json").JSONDecoder is json.JSONDecoder


def test_package_that_is_not_installed_is_named_with_its_remedy() -> None:
    message = r'a file of mine needs no_such_package; install it with: pip install "no-such\[all\]"'
    with pytest.raises(DependencyError, match=message):
        load_optional("no_such_package.part", "a file of mine", "no-such[all]")
