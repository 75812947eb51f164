import hashlib

import numpy as np

from preprocessing.provenance import package_versions, sha256


def test_the_fingerprint_is_that_of_the_bytes(tmp_path):
    content = bytes(range(256)) * 1000
    (tmp_path / "file").write_bytes(content)
    assert sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_a_package_that_is_not_there_is_said_to_be_not_there():
    assert package_versions(("numpy", "no-such-package")) == {
        "numpy": np.__version__,
        "no-such-package": "not installed",
    }
