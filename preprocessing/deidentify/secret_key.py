"""The secret from which pseudonyms, UIDs and the shift of dates are made."""

import os
import secrets
from pathlib import Path

from taskgan_ext.errors import DataError

KEY_BYTES = 32
"""Of a new key, and the least of any: the length of the digest of HMAC-SHA256 (RFC 2104 section 3)."""
MAX_BYTES = 4096
_TO_MAKE_ONE = f"make one with: head -c {KEY_BYTES} /dev/urandom > FILE (or deidentify --new-key)"
LEAST_DIFFERENT = 8
"""Different bytes of a key; a random one of 32 bytes has 20 at the very least."""


def read_key(path: Path | None) -> bytes:
    """Read a key, or draw one that nobody keeps.

    Args:
        path: file with the key; ``None`` for a new random one: the images of another call then get other
            pseudonyms, and nobody can ever tell whose they are.

    Returns:
        The key, at least 32 bytes.

    Raises:
        DataError: there is no such file, or it holds no key.
    """
    if path is None:
        return secrets.token_bytes(KEY_BYTES)
    if not path.is_file():
        raise DataError(f"{path}: expected a key file, found none; {_TO_MAKE_ONE}")
    with path.open("rb") as file:
        key = file.read(MAX_BYTES + 1)
    if not KEY_BYTES <= len(key) <= MAX_BYTES or len(set(key)) < LEAST_DIFFERENT:
        raise DataError(
            f"{path}: expected a key of {KEY_BYTES} to {MAX_BYTES} random bytes, found {len(key)} bytes"
            f"{' that are not random' if len(key) in range(KEY_BYTES, MAX_BYTES + 1) else ''}; under "
            f"another name, {_TO_MAKE_ONE}"
        )
    return key


def make_key(path: Path) -> None:
    """Write a new random key that only its owner can read.

    Args:
        path: file to make, with its folders.

    Raises:
        DataError: the file is there already.
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise DataError(
            f"{path} is there already, and with another key its pseudonyms would be lost; leave --new-key "
            "out, or choose another file"
        ) from None
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))


def is_private(path: Path) -> bool:
    """Tell whether a key can be read by nobody but its owner.

    Args:
        path: of a key file.
    """
    return not path.stat().st_mode & 0o077
