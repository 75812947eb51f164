"""The character set of a derived image: that of its source where texts survive being written in it."""

from pydicom import Dataset
from pydicom.multival import MultiValue

UNICODE = "ISO_IR 192"
WRITABLE = frozenset(
    (
        "",
        *(f"ISO_IR {number}" for number in (6, 100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 192, 203)),
        "GB18030",
        "GBK",
    )
)
"""Defined terms of SpecificCharacterSet (PS3.3 C.12.1.1.2) without escape sequences. Others switch sets in a
text, or, as ISO_IR 13, hold two, and pydicom writes question marks for some of their mixtures."""


def settle_character_set(image: Dataset) -> None:
    """Let texts be written in Unicode where their own set may lose some of them; they stay the same texts.

    Args:
        image: whose texts have been read.
    """
    value = image.get("SpecificCharacterSet")
    if value is None or value == "":
        return
    terms = [str(term) for term in value] if isinstance(value, MultiValue) else [str(value)]
    if len(terms) > 1 or terms[0] not in WRITABLE:
        image.SpecificCharacterSet = UNICODE
