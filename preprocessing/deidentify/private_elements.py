"""Private elements that carry the calibration or the meaning of an image, and nothing about a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from preprocessing.deidentify.values import Disguise, date_time, number
from taskgan_ext.dicom.parser_faults import PARSER_FAULTS
from taskgan_ext.dicom.suv_private import (
    GE_CREATOR,
    GE_GROUP,
    GE_SCAN_TIME,
    PHILIPS_ACTIVITY,
    PHILIPS_CREATOR,
    PHILIPS_GROUP,
    PHILIPS_SUV,
)
from taskgan_ext.mr.reader.component import COMPONENTS, GE_ELEMENT
from taskgan_ext.mr.reader.component import GE_CREATOR as GE_IMAGE_CREATOR
from taskgan_ext.mr.reader.component import GE_GROUP as GE_IMAGE_GROUP


@dataclass(frozen=True)
class _Kept:
    """VR and rule of an element."""

    vr: str
    rule: Callable[[str, str, Disguise], str | None]


def _component(_: str, text: str, __: Disguise) -> str | None:
    return text if text in map(str, range(len(COMPONENTS))) else None


SAFE: Mapping[tuple[int, str, int], _Kept] = {
    (PHILIPS_GROUP, PHILIPS_CREATOR, PHILIPS_SUV): _Kept("DS", number),
    (PHILIPS_GROUP, PHILIPS_CREATOR, PHILIPS_ACTIVITY): _Kept("DS", number),
    (GE_GROUP, GE_CREATOR, GE_SCAN_TIME): _Kept("DT", date_time),
    (GE_IMAGE_GROUP, GE_IMAGE_CREATOR, GE_ELEMENT): _Kept("SS", _component),
}
"""By group, creator and element."""


def copy_private(source: Dataset, tag: BaseTag, target: Dataset, disguise: Disguise) -> str:
    """Copy a private element with its creator, if it is a safe one.

    Args:
        source: data set, not an item of a sequence.
        tag: of the element.
        target: to put it into, in the same block.
        disguise: of the patient.

    Returns:
        What was done: ``kept``, ``shifted`` or ``removed``.
    """
    block = tag.element >> 8
    try:
        creator = source.get((tag.group, block))
        name = "" if creator is None else str(creator.value).strip(" \0")
        safe = SAFE.get((tag.group, name, tag.element & 0xFF))
        value = None if safe is None else safe.rule("", _text(source, tag, safe.vr), disguise)
    except PARSER_FAULTS:
        return "removed"
    if safe is None or value is None:
        return "removed"
    target.add_new((tag.group, block), "LO", name)
    target.add_new(tag, safe.vr, int(value) if safe.vr == "SS" else value)
    return "shifted" if safe.vr == "DT" else "kept"


def _text(source: Dataset, tag: BaseTag, vr: str) -> str:
    value = source[tag].value
    if isinstance(value, bytes):
        # The VR was lost on the way (UN): bytes of a number or of a text.
        if vr == "SS":
            return str(int.from_bytes(value[:2], "little", signed=True))
        return value.decode("ascii", "replace").strip(" \0")
    if isinstance(value, MultiValue):
        value = value[0] if len(value) else ""
    return str(value).strip(" \0")
