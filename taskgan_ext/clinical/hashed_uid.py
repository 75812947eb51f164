"""UIDs as logs, metrics and results may hold them."""

import hashlib

LENGTH = 16


def hashed_uid(uid: str) -> str:
    """Give a name for a UID that leads back to it only where the UID is known.

    UIDs are drawn from a space too large to try, unlike names and numbers of patients, which must not be
    hashed this way.

    Args:
        uid: of a study, series or image.

    Returns:
        The first 16 hexadecimal digits of its SHA-256.
    """
    return hashlib.sha256(uid.encode()).hexdigest()[:LENGTH]
