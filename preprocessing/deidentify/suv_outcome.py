"""SUV of a series before and after its de-identification: it must be the same."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydicom import Dataset

from taskgan_ext.dicom.suv import suv_factor
from taskgan_ext.errors import RefusedSeries

TOLERANCE = 1e-9
"""Relative."""


def suv_outcome(headers: Sequence[Dataset]) -> dict[str, Any]:
    """Find the SUV factor of a PET series, or why it has none.

    Args:
        headers: of all slices.

    Returns:
        ``factor`` in g/ml per unit of the values and ``rule``; or the code that ``refused`` it.
    """
    try:
        found = suv_factor(headers)
    except RefusedSeries as error:
        return {"refused": error.code}
    return {"factor": found.factor, "rule": found.rule}


def check_same(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> None:
    """Check that a series has the SUV that it had.

    Args:
        before: outcome of the source.
        after: outcome of the de-identified series.
        name: of the de-identified series, for the message.

    Raises:
        RefusedSeries: ``output_gate``, it has not.
    """
    if "factor" in before and "factor" in after:
        same = abs(after["factor"] / before["factor"] - 1) <= TOLERANCE
    else:
        # Why there is none may change: a value that cannot be used may also be one that cannot stay.
        same = ("factor" in before) == ("factor" in after)
    if not same:
        raise RefusedSeries(
            "output_gate",
            f"series {name}: the SUV factor is {_told(before)} before the de-identification and would be "
            f"{_told(after)} after it, so nothing was written; a value that SUV needs may be malformed: "
            "export the series again",
        )


def _told(outcome: Mapping[str, Any]) -> str:
    return f"{outcome['factor']:.9g}" if "factor" in outcome else f"none ({outcome['refused']})"
