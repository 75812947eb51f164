"""What a sidecar says about the packages behind a case."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version


def package_versions(packages: Iterable[str]) -> dict[str, str]:
    """Look up what is installed.

    Args:
        packages: names of distributions.

    Returns:
        Name to version, or to ``not installed``.
    """
    return {package: _version(package) for package in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
