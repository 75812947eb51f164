"""Private elements of PET scanners that SUV needs."""

import math
from collections.abc import Sequence

from pydicom import Dataset

from taskgan_ext.dicom.parser_faults import PARSER_FAULTS
from taskgan_ext.dicom.suv_header import number_in
from taskgan_ext.errors import RefusedSeries

GE_GROUP, GE_CREATOR, GE_SCAN_TIME = 0x0009, "GEMS_PETD_01", 0x0D
PHILIPS_GROUP, PHILIPS_CREATOR = 0x7053, "Philips PET Private Group"
PHILIPS_SUV, PHILIPS_ACTIVITY = 0x00, 0x09


def ge_scan_times(headers: Sequence[Dataset]) -> list[str]:
    """Give the private scan date and time (0009,xx0D) of GE of the slices that have it.

    Args:
        headers: of all slices.

    Returns:
        Values of DT, different ones only.
    """
    texts = {private_text(header, GE_GROUP, GE_CREATOR, GE_SCAN_TIME) for header in headers}
    return sorted(texts - {""})


def philips_factor(headers: Sequence[Dataset], element: int) -> float | None:
    """Give a private factor of Philips, ``None`` where the series has none; Philips writes 0 for none.

    Args:
        headers: of all slices.
        element: ``PHILIPS_SUV``: (7053,xx00), SUV (g/ml) of one count; ``PHILIPS_ACTIVITY``: (7053,xx09),
            Bq/ml of one count.

    Raises:
        RefusedSeries: ``suv_tag_missing``, slices differ, or the factor is negative or no number.
    """
    texts = {private_text(header, PHILIPS_GROUP, PHILIPS_CREATOR, element) for header in headers}
    numbers = {number_in(text) if text else 0.0 for text in texts}
    if len(numbers) > 1:
        raise _refusal(element, "is not the same in all slices")
    number = numbers.pop()
    if number is None or not 0 <= number < math.inf:
        raise _refusal(element, "is no positive number")
    return number or None


def private_text(header: Dataset, group: int, creator: str, element: int) -> str:
    """Give a private element as text without padding; empty where it is missing.

    Args:
        header: data set.
        group: number of the group.
        creator: who reserved the block of elements, at any offset (PS3.5 section 7.8.1).
        element: number in the block.

    Returns:
        The text; ``?`` where there is a value that cannot be read.
    """
    try:
        value = header.private_block(group, creator)[element].value
    except KeyError:
        return ""
    except PARSER_FAULTS:
        return "?"
    # The VR of a private element is lost in Implicit VR: the bytes come back.
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    return text.strip(" \0")


def _refusal(element: int, fault: str) -> RefusedSeries:
    return RefusedSeries(
        "suv_tag_missing",
        f"SUV: the private factor ({PHILIPS_GROUP:04X},xx{element:02X}) of {PHILIPS_CREATOR} {fault}; export "
        "the series again with a valid value",
    )
