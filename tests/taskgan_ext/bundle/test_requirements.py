"""The packages that a bundle asks for, against those that are installed."""

from importlib import metadata

import pytest
from packaging.version import Version

from taskgan_ext.bundle.requirements import check_requirements
from taskgan_ext.errors import DependencyError


def release(package, step):
    """Version of an installed package with its minor number moved."""
    major, minor = Version(metadata.version(package)).release[:2]
    return f"{major}.{minor + step}.0"


def test_installed_versions_are_accepted():
    check_requirements(
        {
            "monai_version": metadata.version("monai"),
            "pytorch_version": metadata.version("torch").split("+")[0],
            "numpy_version": metadata.version("numpy"),
            "required_packages_version": {"nibabel": metadata.version("nibabel")},
        }
    )


def test_newer_packages_than_the_bundle_was_made_with_are_accepted():
    check_requirements({"required_packages_version": {"monai": release("monai", -1), "torch": "1.0"}})


def test_a_later_patch_release_is_not_demanded():
    major, minor = Version(metadata.version("nibabel")).release[:2]
    check_requirements({"required_packages_version": {"nibabel": f"{major}.{minor}.99"}})


def test_missing_package_is_named_with_the_version_wanted():
    with pytest.raises(DependencyError, match=r"no-such-package >= 3\.1 \(not installed\)"):
        check_requirements({"required_packages_version": {"no-such-package": "3.1"}})


@pytest.mark.parametrize(("key", "package"), [("monai_version", "monai"), ("pytorch_version", "torch")])
def test_too_old_framework_is_named_with_both_versions(key, package):
    wanted, found = release(package, 1), metadata.version(package)
    with pytest.raises(DependencyError) as caught:
        check_requirements({key: wanted})
    assert f"{package} >= {wanted} (found {found})" in str(caught.value)


def test_every_problem_is_in_the_one_message():
    packages = {"no-such-package": "1", "nibabel": "99.0", "monai": "1.0"}
    with pytest.raises(DependencyError) as caught:
        check_requirements({"required_packages_version": packages})
    message = str(caught.value)
    assert "no-such-package" in message
    assert "nibabel >= 99.0" in message
    assert "monai" not in message
    assert "pip" in message


@pytest.mark.parametrize("description", [{}, {"required_packages_version": None}])
def test_metadata_that_ask_for_nothing_are_accepted(description):
    check_requirements(description)
