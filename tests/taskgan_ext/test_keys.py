"""Our names are MONAI's names."""

import pytest
from monai.utils.enums import CommonKeys

from taskgan_ext import keys


@pytest.mark.parametrize("name", ["IMAGE", "LABEL", "PRED", "LOSS"])
def test_key_equals_that_of_monai(name):
    assert getattr(keys, name) == CommonKeys[name].value


def test_every_loss_term_is_recognised_as_a_loss():
    assert all(term.startswith(keys.LOSS) for term in keys.LOSS_TERMS)


def test_no_two_keys_share_a_name():
    names = [value for name, value in vars(keys).items() if name.isupper() and isinstance(value, str)]
    assert len(names) == len(set(names))
