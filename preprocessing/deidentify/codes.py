"""Coded concepts: those of a context group of the standard stay, with the meaning that the standard gives."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from taskgan_ext.dicom.suv_header import text_of


def known_code(item: Dataset, groups: Sequence[str]) -> Dataset | None:
    """Find the code of an item in context groups of PS3.16.

    Older codes of SNOMED RT (schemes SRT, SNM3 and 99SDM) are found by the newer ones that they equal.

    Args:
        item: with CodeValue, CodingSchemeDesignator and CodeMeaning (PS3.3 section 8.8).
        groups: context groups as pydicom names them, such as ``cid4020``.

    Returns:
        A new item with the value, the scheme and the meaning of the dictionary; ``None`` where the code is in
        none of the groups.
    """
    value, scheme = text_of(item, "CodeValue"), text_of(item, "CodingSchemeDesignator")
    meaning = _meaning(value, scheme, tuple(groups))
    return None if meaning is None else coded(value, scheme, meaning)


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    """Make an item with a code.

    Args:
        value: of the code.
        scheme: that defines it.
        meaning: for people.
    """
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


@lru_cache(maxsize=1024)
def _meaning(value: str, scheme: str, groups: tuple[str, ...]) -> str | None:
    given = Code(value, "SRT" if scheme in ("SNM3", "99SDM") else scheme, "")
    return next((known.meaning for known in _concepts(groups) if given == known), None)


def _concepts(groups: Sequence[str]) -> Iterator[Code]:
    for group in groups:
        collection = getattr(codes, group)
        for name in collection.dir():
            yield getattr(collection, name)
