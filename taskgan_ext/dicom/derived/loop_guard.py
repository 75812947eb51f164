"""Know one's own output, lest it come back as input."""

import re

from pydicom import Dataset

from taskgan_ext.dicom.parser_faults import PARSER_FAULTS

MANUFACTURER = "Task-GAN Bundles"
"""Of the equipment that contributes the restoration."""
SUFFIX = re.compile(r"\[AI [^\[\]]{1,40}, research only\]")


def suffix_of(action: str) -> str:
    """Make the end of SeriesDescription of a derived series.

    Args:
        action: what was done, such as ``denoised``.
    """
    return f"[AI {action}, research only]"


def is_derived_by_us(header: Dataset) -> bool:
    """Tell whether an image is a derived one of this package.

    Either mark is enough, since systems on the way drop or rewrite elements: the contributing equipment, or
    the end of SeriesDescription.

    Args:
        header: of an image, of whatever origin.
    """
    try:
        if SUFFIX.search(str(header.get("SeriesDescription", ""))):
            return True
        equipment = header.get("ContributingEquipmentSequence") or []
        return any(str(item.get("Manufacturer", "")).strip(" \0") == MANUFACTURER for item in equipment)
    except PARSER_FAULTS:
        return False
