"""Fingerprints of files."""

import hashlib
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


def short_digest(path: Path) -> str:
    """Fingerprint of a file to record in settings.

    Args:
        path: the file.

    Returns:
        The first 12 hexadecimal digits of its SHA-256; empty when there is none.
    """
    return sha256(path)[:12] if path.is_file() else ""
