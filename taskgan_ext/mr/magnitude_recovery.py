"""Which delays are negative, judged from magnitudes of the recovery alone."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from taskgan_ext.mr.recovery_dictionary import B1_GRID, RecoveryDictionary, nearest_field
from taskgan_ext.mr.sequence import MDMESequence

_B1_STEP, _T1_STEP = 8, 2  # through the table while the field is searched
FIELDS = B1_GRID[::_B1_STEP]
"""Transmit fields that are tried."""

# The field is searched on a coarse scale first, so that a place with one tissue only, which fits at several
# fields, follows its surroundings: smoothing in mm and distance from the field found before.
_SCALES = ((40.0, 0.3), (16.0, 0.12))
_FIELD_SMOOTHING_MM = 12.0
_CELL_MM = 4.0


class MagnitudeRecovery:
    """Magnitudes of recoveries over transmit field and T1, compared with measured ones.

    Args:
        sequence: times and angles.
    """

    def __init__(self, sequence: MDMESequence) -> None:
        recoveries = RecoveryDictionary(sequence).recoveries
        norms = np.linalg.norm(recoveries, axis=2, keepdims=True)
        self.num_negative: NDArray[np.int64] = np.sum(recoveries < 0, axis=2)
        """How many delays are negative, of shape ``(b1, t1)``; the shortest ones, since the signal rises."""
        self.atoms: NDArray[np.float32] = (np.abs(recoveries) / norms).astype(np.float32)
        """Shape ``(b1, t1, delays)``, of norm 1."""

    def misfit(self, amplitude: NDArray[np.float32]) -> NDArray[np.float32]:
        """Squared misfit of the best T1 at each of ``FIELDS``.

        Args:
            amplitude: not negative, of shape ``(voxels, delays)``.

        Returns:
            Shape ``(voxels, fields)``.
        """
        energy = np.sum(amplitude**2, axis=1)
        best = [np.max(amplitude @ atoms.T, axis=1) for atoms in self.atoms[::_B1_STEP, ::_T1_STEP]]
        return np.maximum(energy[:, None] - np.stack(best, axis=1) ** 2, 0)

    def misfit_by_sign(self, amplitude: NDArray[np.float32], field: NDArray[Any]) -> NDArray[np.float32]:
        """Squared misfit of the best T1 whose recovery has 0, 1, ... delays negative.

        Args:
            amplitude: not negative, of shape ``(voxels, delays)``.
            field: transmit field of shape ``(voxels,)``.

        Returns:
            Shape ``(voxels, delays + 1)``, infinite where no T1 has so many negative delays.
        """
        energy = np.sum(amplitude**2, axis=1)
        misfit = np.full((len(amplitude), amplitude.shape[1] + 1), np.inf, np.float32)
        nearest = nearest_field(field)
        for index in np.unique(nearest):
            voxels = np.flatnonzero(nearest == index)
            projections = amplitude[voxels] @ self.atoms[index].T
            for count in np.unique(self.num_negative[index]):
                best = projections[:, self.num_negative[index] == count].max(axis=1)
                misfit[voxels, count] = np.maximum(energy[voxels] - best**2, 0)
        return misfit


def search_field(
    misfit: NDArray[np.float32], mask: NDArray[np.bool_], voxel_mm: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Find the smooth transmit field with the smallest misfit.

    Args:
        misfit: at each of ``FIELDS``, shape ``(voxels, fields)``.
        mask: the voxels, shape ``(X, Y, Z)``.
        voxel_mm: voxel size along the axes.

    Returns:
        Field of shape ``(voxels,)``.
    """
    # The field is smooth: cells of about 4 mm show it as well as voxels do.
    block = np.maximum(np.rint(_CELL_MM / np.asarray(voxel_mm)), 1).astype(np.int64)
    shape = tuple(-(-np.asarray(mask.shape) // block))
    voxels = np.nonzero(mask)
    cells = np.ravel_multi_index([axis // size for axis, size in zip(voxels, block, strict=True)], shape)
    count, *total = (
        np.bincount(cells, weights, minlength=int(np.prod(shape))).reshape(shape)
        for weights in (None, *misfit.T)
    )

    def smooth(values: NDArray[Any], width_mm: float) -> NDArray[np.float64]:
        sigma = width_mm / (block * np.asarray(voxel_mm))
        return np.asarray(gaussian_filter(values.astype(np.float64), sigma, mode="nearest", truncate=3.0))

    start = float(FIELDS[misfit.mean(axis=0).argmin()])
    field = np.full(shape, start)
    share = smooth(count, _FIELD_SMOOTHING_MM)
    for width_mm, reach in _SCALES:
        smoothed = np.stack([smooth(cell_misfit, width_mm) for cell_misfit in total], axis=-1)
        within = np.abs(FIELDS - field[..., None]) <= reach
        best = FIELDS[np.where(within, smoothed, np.inf).argmin(axis=-1)]
        field = np.divide(smooth(count * best, _FIELD_SMOOTHING_MM), share, out=field, where=share > 0)
    places = [(axis + 0.5) / size - 0.5 for axis, size in zip(voxels, block, strict=True)]
    return np.asarray(map_coordinates(field, places, order=1, mode="nearest"), np.float32)
