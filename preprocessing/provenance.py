"""What a sidecar says about the files and packages behind a case."""

import hashlib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def sha256(path: Path) -> str:
    """Fingerprint of a file.

    Args:
        path: the file.

    Returns:
        SHA-256 as 64 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
