"""Every image of a full grid must be there once: what is missing and what is there twice."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError

MAX_NAMED = 6
"""Places that a message lists before it only counts."""

Place = tuple[int, ...]


def check_full_grid(
    places: Sequence[Place], names: Sequence[str], labels: Sequence[Sequence[str]], source: str
) -> None:
    """Check that the images fill a grid exactly.

    Args:
        places: of every image, an index along each axis of the grid.
        names: of every image, its file.
        labels: for each axis what its indices stand for, such as ``TE 16.9 ms``.
        source: where the images come from, for the message.

    Raises:
        DataError: with the places that have no image, and those that have several with their files.
    """
    at: dict[Place, list[str]] = {}
    for place, name in zip(places, names, strict=True):
        at.setdefault(place, []).append(name)
    every = list(itertools.product(*(range(len(axis)) for axis in labels)))
    missing = [_label(place, labels) for place in every if place not in at]
    double = [f"{_label(place, labels)}: {', '.join(files)}" for place, files in at.items() if len(files) > 1]
    if missing or double:
        parts = []
        if missing:
            parts.append(f"{len(missing)} of {len(every)} images are missing: {_listed(missing)}")
        if double:
            parts.append(f"{len(double)} of {len(every)} images are there more than once: {_listed(double)}")
        raise DataError(
            f"{source}: {'; and '.join(parts)}; export the acquisition again, alone and as a whole"
        )


def rank_times(times: Sequence[float], resolution: float) -> tuple[NDArray[np.int64], tuple[float, ...]]:
    """Number times that are equal but for rounding.

    Args:
        times: one per image.
        resolution: times that round to the same multiple of this are one.

    Returns:
        For every image the rank of its time, and the different times, ascending: the median of each group.
    """
    values = np.asarray(times, dtype=np.float64)
    _, rank = np.unique(np.round(values / resolution), return_inverse=True)
    return rank, tuple(float(np.median(values[rank == group])) for group in range(rank.max() + 1))


def _label(place: Place, labels: Sequence[Sequence[str]]) -> str:
    return "(" + ", ".join(axis[index] for axis, index in zip(labels, place, strict=True)) + ")"


def _listed(texts: Sequence[str]) -> str:
    rest = f" and {len(texts) - MAX_NAMED} more" if len(texts) > MAX_NAMED else ""
    return "; ".join(texts[:MAX_NAMED]) + rest
