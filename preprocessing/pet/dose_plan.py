"""Which part of a scan belongs to which dose and realisation, on the unit interval of an event's number u."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

from preprocessing.pet.thinning import Interval
from taskgan_ext.errors import ConfigError

_DIGITS = 12
"""Bounds are rounded so that equal bounds computed in different ways are equal numbers."""


def dose_intervals(doses: Sequence[float], realisations: int) -> dict[tuple[float, int], Interval]:
    """Lay out doses and realisations: within a realisation doses are nested, realisations are disjoint.

    Realisation k of dose d keeps ``k w <= u < k w + d`` with w the largest dose.

    Args:
        doses: dose fractions, ``0 < d <= 1``, without repetition.
        realisations: how many independent low-dose scans of each dose.

    Returns:
        ``(dose, realisation)`` to interval; realisations count from 1.

    Raises:
        ConfigError: a dose is out of range or repeated, or the realisations need more than the whole scan.
    """
    if not doses or len(set(doses)) != len(doses) or not all(0 < dose <= 1 for dose in doses):
        raise ConfigError(f"expected different dose fractions in (0, 1], got {list(doses)}")
    width = max(doses)
    if realisations < 1 or realisations * width > 1 + 10**-_DIGITS:
        raise ConfigError(
            f"expected at least 1 realisation and realisations x largest dose <= 1, got {realisations} x "
            f"{width}; independent realisations share no event, ask for fewer or for a smaller dose"
        )
    return {
        (dose, k + 1): (round(k * width, _DIGITS), min(round(k * width + dose, _DIGITS), 1.0))
        for k in range(realisations)
        for dose in doses
    }


def time_windows(
    intervals: Mapping[tuple[float, int], Interval],
    duration_ms: int,
    *,
    middle: bool = False,
    start_ms: int = 0,
) -> dict[tuple[float, int], tuple[int, int]]:
    """Lay the parts of a scan out in time: windows of one realisation are nested, realisations are disjoint.

    Args:
        intervals: of :func:`dose_intervals`.
        duration_ms: length of the scan.
        middle: whether the windows together lie in the middle of the scan, and not at its beginning.
        start_ms: first time of the scan.

    Returns:
        ``(dose, realisation)`` to the first millisecond and the one after the last.

    Raises:
        ConfigError: a window is shorter than a millisecond.
    """
    end = max(high for _, high in intervals.values())
    offset = (1 - end) / 2 if middle else 0.0
    windows = {
        part: (
            start_ms + round((low + offset) * duration_ms),
            start_ms + round((high + offset) * duration_ms),
        )
        for part, (low, high) in intervals.items()
    }
    if any(start >= stop for start, stop in windows.values()):
        raise ConfigError(f"expected windows of a millisecond at least, of a scan of {duration_ms} ms")
    return windows


def elementary_segments(intervals: Iterable[Interval], cut: float = 1.0) -> list[Interval]:
    """Cut [0, 1] at the bounds of all intervals and at ``cut``; each interval is a union of the segments."""
    bounds = sorted({0.0, 1.0, cut, *(bound for interval in intervals for bound in interval)})
    return list(itertools.pairwise(bounds))


def is_within(segment: Interval, interval: Interval) -> bool:
    """Tell whether an elementary segment belongs to an interval."""
    return interval[0] <= segment[0] and segment[1] <= interval[1]
