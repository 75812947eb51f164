"""Files that two subjects have in common, by which one person under two names is found."""

from collections.abc import Iterable, Mapping
from typing import Any

from taskgan_ext.keys import SUBJECT

_DIGESTS = "sha256"
"""Key of the digests of the files of an item of a data list."""


def file_digests(items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Give the digests of all files of some items.

    The same values on the same grid are written as the same bytes, so inputs of other names are found, too.

    Args:
        items: of a data list, of one or more subjects.

    Returns:
        SHA-256 to the subject that has such a file.
    """
    return {digest: str(item[SUBJECT]) for item in items for digest in item.get(_DIGESTS, ())}
