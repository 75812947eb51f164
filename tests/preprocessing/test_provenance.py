import numpy as np

from preprocessing.provenance import package_versions


def test_a_package_that_is_not_there_is_said_to_be_not_there():
    assert package_versions(("numpy", "no-such-package")) == {
        "numpy": np.__version__,
        "no-such-package": "not installed",
    }
