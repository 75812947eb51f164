"""T1 from the recovery after saturation, by comparison with a table of simulated recoveries."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_recovery

T1_GRID = np.geomspace(0.1, 8.0, 224)
"""T1 of the table in s; steps of 2 %, between which the fit interpolates."""
B1_GRID = np.linspace(0.5, 1.4, 181)
"""Transmit field of the table, in steps of 0.005: one of 0.01 may move T1 by 4 %."""

_REACH = 3  # entries by which the nearest transmit field of the table may shift the peak over T1
_BLOCK = 4096  # voxels compared at once: their products with the table stay in the cache


class RecoveryDictionary:
    """Recoveries of proton density 1 before decay, over transmit field and T1.

    Args:
        sequence: times and angles.
    """

    def __init__(self, sequence: MDMESequence) -> None:
        plateau, drop = mdme_recovery(T1_GRID, sequence, B1_GRID[:, None])
        decay = np.exp(-np.asarray(sequence.delays) / T1_GRID[:, None])
        self.recoveries: NDArray[np.float64] = plateau[..., None] - drop[..., None] * decay
        """Shape ``(b1, t1, delays)``."""

    def match(
        self, amplitude: NDArray[np.float32], b1: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Find T1 and proton density of voxels whose transmit field is known.

        The recovery with the largest projection is found in the table of the nearest transmit field. Around
        it, tables of both neighbouring fields are mixed, and the peak of the projection over log T1 is
        interpolated by a parabola.

        Args:
            amplitude: signed recovery at echo time 0, of shape ``(voxels, delays)``.
            b1: transmit field of shape ``(voxels,)``, within ``B1_GRID``.

        Returns:
            T1 in s and proton density in the unit of ``amplitude``, each of shape ``(voxels,)``.
        """
        order = np.argsort(b1, kind="stable")
        nearest = nearest_field(b1)[order]
        t1, pd = np.empty(len(b1), np.float32), np.empty(len(b1), np.float32)
        for index in np.unique(nearest):
            start, stop = np.searchsorted(nearest, [index, index + 1])
            for block in range(start, stop, _BLOCK):
                voxels = order[block : min(block + _BLOCK, stop)]
                best = self._nearest_t1(amplitude[voxels], index)
                t1[voxels], pd[voxels] = self._refine(amplitude[voxels], b1[voxels], best)
        return t1, pd

    def _nearest_t1(self, amplitude: NDArray[np.float32], b1_index: int) -> NDArray[np.int64]:
        recoveries = self.recoveries[b1_index]
        atoms = recoveries / np.linalg.norm(recoveries, axis=1, keepdims=True)
        return np.argmax(amplitude @ atoms.T.astype(np.float32), axis=1)

    def _refine(
        self, amplitude: NDArray[np.float32], b1: NDArray[np.float32], best: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        centre = np.clip(best, _REACH, len(T1_GRID) - 1 - _REACH)
        window = centre[:, None] + np.arange(-_REACH, _REACH + 1)
        position = (b1.astype(np.float64) - B1_GRID[0]) / (B1_GRID[1] - B1_GRID[0])
        lower = np.clip(position.astype(np.int64), 0, len(B1_GRID) - 2)
        share = (position - lower)[:, None, None]
        near = (1 - share) * self.recoveries[lower[:, None], window]
        near += share * self.recoveries[lower[:, None] + 1, window]
        norms = np.linalg.norm(near, axis=2)
        projections = np.einsum("vkd,vd->vk", near, amplitude.astype(np.float64)) / norms
        top = np.clip(projections.argmax(axis=1), 1, 2 * _REACH - 1)
        around = top[:, None] + np.arange(-1, 2)
        projections, norms = (np.take_along_axis(values, around, axis=1) for values in (projections, norms))
        offset = parabola_peak(projections)
        log_step = np.log(T1_GRID[1] / T1_GRID[0])
        t1 = T1_GRID[centre + top - _REACH] * np.exp(offset * log_step)
        # The norm over log T1 is nearly straight over one step.
        peak = projections[:, 1] + 0.25 * offset * (projections[:, 2] - projections[:, 0])
        norm = norms[:, 1] + 0.5 * offset * (norms[:, 2] - norms[:, 0])
        return t1, np.maximum(peak / norm, 0)


def nearest_field(b1: NDArray[Any]) -> NDArray[np.int64]:
    """Index of the entry of ``B1_GRID`` that is nearest to each field."""
    position = (b1 - B1_GRID[0]) / (B1_GRID[1] - B1_GRID[0])
    return np.clip(np.rint(position), 0, len(B1_GRID) - 1).astype(np.int64)


def parabola_peak(values: NDArray[Any]) -> NDArray[Any]:
    """Find the peak of the parabola through three equidistant points.

    Args:
        values: of shape ``(voxels, 3)``.

    Returns:
        Offset of the peak from the middle point in steps, limited to -1 ... 1.
    """
    left, middle, right = values.T
    curvature = left - 2 * middle + right
    slope = 0.5 * (left - right)
    offset = np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature < 0)
    return np.where(curvature < 0, np.clip(offset, -1, 1), np.sign(right - left))
