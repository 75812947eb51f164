"""Tune the times of the synthesis to a training set, so that physics alone is a fair rival of a network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.signal import synthesise


@dataclass(frozen=True)
class SearchGrid:
    """Where the times are searched, as multiples of those of the protocol, in ascending order.

    The default is kept narrow, so that a contrast stays what it is: the squared error alone would choose a
    T2-FLAIR with hardly any T2 weighting, since most of a brain has no lesion. The best times can then lie on
    the border of the grid (``times_on_border``), and a wider one would come closer to the scans.

    Attributes:
        tr: factors of the repetition time.
        te: factors of the echo time.
        ti: factors of the inversion time.
    """

    tr: Sequence[float] = (0.75, 0.87, 1.0, 1.15, 1.33)
    te: Sequence[float] = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5)
    ti: Sequence[float] = (0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2)


NARROW = SearchGrid()


@dataclass(frozen=True)
class Voxels:
    """Values of one contrast in the brain of the training subjects, each of shape ``(N,)``.

    Attributes:
        t1: in s.
        t2: in s.
        pd: in the unit of the scaled input.
        target: the conventional image, scaled.
    """

    t1: NDArray[np.float32]
    t2: NDArray[np.float32]
    pd: NDArray[np.float32]
    target: NDArray[np.float32]


@dataclass(frozen=True)
class SynthesisEntry:
    """How a contrast is synthesised.

    Attributes:
        nominal: the protocol that the scanner used.
        nominal_scale: factor from the synthesised to the scaled conventional image, with ``nominal``.
        tuned: the times that come closest to the conventional images.
        scale: the factor that goes with ``tuned``.
        trained: whether there were scans of this contrast to tune to, and to train a network on.
    """

    nominal: Protocol
    nominal_scale: float
    tuned: Protocol
    scale: float
    trained: bool = True


def tune_contrast(voxels: Voxels, nominal: Protocol, grid: SearchGrid = NARROW) -> SynthesisEntry:
    """Search the times, and the least-squares factor that belongs to them.

    The equations of the synthesis know neither the echo train, nor imperfect inversion, nor magnetisation
    transfer; other times than those of the scanner make up for a part of that.

    Args:
        voxels: of all training subjects.
        nominal: protocol of the contrast.
        grid: of the search; times that no scanner could run, with TE or TI beyond TR, are left out.

    Returns:
        The entry with the smallest squared error on the grid.
    """
    inversion = nominal.inversion_time
    candidates = [nominal]  # the first wins a tie: nothing moves idly
    for tr, te, ti in product(grid.tr, grid.te, (1.0,) if inversion is None else grid.ti):
        times = (
            nominal.repetition_time * tr,
            nominal.echo_time * te,
            None if inversion is None else inversion * ti,
        )
        if max(times[1], times[2] or 0.0) < times[0]:
            candidates.append(Protocol(*times))
    tuned = min(candidates, key=lambda protocol: fit_scale(voxels, protocol)[1])
    return SynthesisEntry(nominal, fit_scale(voxels, nominal)[0], tuned, fit_scale(voxels, tuned)[0])


def times_on_border(entry: SynthesisEntry, grid: SearchGrid = NARROW) -> list[str]:
    """Name the tuned times that lie at either end of the grid: beyond it the error may fall further.

    Args:
        entry: a result of ``tune_contrast``.
        grid: of the search.

    Returns:
        Names of ``Protocol``'s times, in their order; empty where the minimum lies within the grid.
    """
    factors = {"repetition_time": grid.tr, "echo_time": grid.te, "inversion_time": grid.ti}
    nominal, tuned = entry.nominal.to_dict(), entry.tuned.to_dict()
    return [
        name
        for name, of_time in factors.items()
        if (time := nominal[name]) is not None
        and any(math.isclose(tuned[name] or 0.0, time * end) for end in (of_time[0], of_time[-1]))
    ]


def fit_scale(voxels: Voxels, protocol: Protocol) -> tuple[float, float]:
    """Fit the factor of one protocol.

    Args:
        voxels: of all training subjects.
        protocol: times of the synthesis.

    Returns:
        The factor a that minimises ``mean (a s - y)^2``, and that mean.
    """
    image = synthesise(voxels.t1, voxels.t2, voxels.pd, protocol).astype(np.float64)
    target = voxels.target.astype(np.float64)
    scale = float(image @ target / max(float(image @ image), np.finfo(np.float64).tiny))
    return scale, float(np.mean((scale * image - target) ** 2))
