"""Values of an element as texts, and back."""

from collections.abc import Sequence

from pydicom import DataElement
from pydicom.multival import MultiValue

INTEGERS = {
    "US": (0, 2**16 - 1),
    "SS": (-(2**15), 2**15 - 1),
    "UL": (0, 2**32 - 1),
    "SL": (-(2**31), 2**31 - 1),
    "IS": (-(2**31), 2**31 - 1),
}
"""Smallest and largest value by value representation, PS3.5 section 6.2."""
FLOATS = ("FL", "FD")
MOST_VALUES = 64
"""No kept element has as many; a long list of numbers could be a text."""


def texts_of(element: DataElement) -> list[str] | None:
    """Give the values of an element as texts without padding.

    Args:
        element: no sequence.

    Returns:
        Texts, none of an empty element; ``None`` where it holds bytes, or more values than any known one.
    """
    value = element.value
    if value is None or value == "":
        return []
    values = list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]
    if len(values) > MOST_VALUES or any(isinstance(item, (bytes, bytearray)) for item in values):
        return None
    return [str(item).strip(" \0") for item in values]


def typed(texts: Sequence[str], vr: str) -> list[str] | list[int] | list[float] | None:
    """Give texts as the values of an element.

    Args:
        texts: as they shall be written.
        vr: value representation.

    Returns:
        Values; ``None`` where a text does not fit the representation.
    """
    if vr in FLOATS:
        return [float(text) for text in texts]
    if vr not in INTEGERS:
        return list(texts)
    numbers = [float(text) for text in texts if text]
    low, high = INTEGERS[vr]
    if len(numbers) < len(texts) or not all(low <= value <= high and value.is_integer() for value in numbers):
        return None
    return [int(value) for value in numbers]
