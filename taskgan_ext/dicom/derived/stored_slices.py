"""Values as the 16-bit numbers of DICOM images."""

import statistics
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.valuerep import format_number_as_ds

LARGEST = 32767
"""Of int16."""
LARGEST_UNSIGNED = 65535
LEAST_SLOPE = float(np.finfo(np.float32).tiny)
"""Readers keep slopes in single precision, where smaller ones become 0."""
WHOLE_UP_TO = 2.0**31


def slopes_of(peaks: Sequence[float]) -> list[str]:
    """Find the RescaleSlope of each slice of a PET series (PS3.3 C.8.9.4.1.3).

    Each is the peak over 32767, rounded up to a decimal string, so that the peak still fits. It is never a
    whole number: readers that choose the type of a series by its first slice would choose integers. An empty
    slice gets the median slope for the same reason.

    Args:
        peaks: largest value of each slice, finite and not negative.

    Returns:
        Decimal strings of at most 16 characters (PS3.5 section 6.2).
    """
    filled = {peak: _slope(peak) for peak in set(peaks) if peak > 0}
    median = statistics.median_low([float(filled[peak]) for peak in peaks if peak > 0] or [1.0])
    empty = format_number_as_ds(median) if filled else "1"
    return [filled[peak] if peak > 0 else empty for peak in peaks]


def store_scaled(values: NDArray[np.float64], slope: str) -> bytes:
    """Store a slice as multiples of its slope; the error is at most half of it.

    Args:
        values: ``(X, Y)``, not negative, at most 32767 slopes.
        slope: of ``slopes_of``.

    Returns:
        Signed numbers of 16 bits, little endian, row after row.
    """
    stored = np.rint(values / float(slope))
    return np.ascontiguousarray(stored.T, dtype="<i2").tobytes()


def store_counts(values: NDArray[np.float64], scale: float) -> bytes:
    """Store a slice of a series that has one scale for all slices.

    Args:
        values: ``(X, Y)``, not negative.
        scale: stored number of the value 1; the largest stored number is 65535.

    Returns:
        Unsigned numbers of 16 bits, little endian, row after row.
    """
    stored = np.rint(values * scale).clip(0, LARGEST_UNSIGNED)
    return np.ascontiguousarray(stored.T, dtype="<u2").tobytes()


def _slope(peak: float) -> str:
    least = max(peak / LARGEST, LEAST_SLOPE)
    text, step = format_number_as_ds(least), 1e-9
    while peak / float(text) > LARGEST or _is_whole(float(text)):
        text = format_number_as_ds(least * (1 + step))
        step *= 2
    return text


def _is_whole(slope: float) -> bool:
    return slope < WHOLE_UP_TO and slope.is_integer()
