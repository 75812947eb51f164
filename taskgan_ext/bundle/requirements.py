"""Check the packages that a bundle asks for; MONAI itself never does."""

from collections.abc import Mapping
from importlib import metadata

from packaging.version import Version

from taskgan_ext.errors import DependencyError

FRAMEWORKS = {"monai_version": "monai", "pytorch_version": "torch", "numpy_version": "numpy"}


def check_requirements(description: Mapping[str, object]) -> None:
    """Compare the installed packages with the metadata of a bundle.

    The metadata name the versions that the bundle was made with; an older release (major and minor number)
    is refused, a newer one is accepted.

    Args:
        description: content of ``metadata.json``.

    Raises:
        DependencyError: names every package that is missing or too old, with the version wanted and found.
    """
    wanted = {package: str(description[key]) for key, package in FRAMEWORKS.items() if key in description}
    packages = description.get("required_packages_version")
    wanted |= (
        {str(name): str(version) for name, version in packages.items()}
        if isinstance(packages, Mapping)
        else {}
    )
    problems = [problem for name, version in wanted.items() if (problem := _compare(name, version))]
    if problems:
        raise DependencyError(
            f"this bundle needs other packages: {'; '.join(problems)}. Install them with pip, then run again"
        )


def _compare(package: str, wanted: str) -> str:
    try:
        found = metadata.version(package)
    except metadata.PackageNotFoundError:
        return f"{package} >= {wanted} (not installed)"
    old = Version(found).release[:2] < Version(wanted).release[:2]
    return f"{package} >= {wanted} (found {found})" if old else ""
