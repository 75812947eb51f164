"""The transmit field from the effective saturation angle."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from taskgan_ext.mr.recovery_dictionary import B1_GRID, parabola_peak
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_recovery

_SMOOTHING_MM = 8.0
_MIN_WEIGHT = 1e-4  # of the mean weight, after smoothing
_T1_GRID = np.geomspace(0.1, 6.0, 120)
_BLOCK = 8192


def fit_transmit_field(
    amplitude: NDArray[np.float32],
    mask: NDArray[np.bool_],
    sequence: MDMESequence,
    voxel_mm: tuple[float, float, float],
) -> NDArray[np.float32]:
    """Estimate the transmit field from a recovery that is fitted without knowing it.

    Fitted freely, the recovery tells the cosine of the effective saturation angle, M(0) / M(TR) (Eq. 4).
    It is averaged over 8 mm, since the field is smooth, with weight on tissue whose T1 the delays cover; CSF
    and fat count little. Where no such tissue is near, the median of the rest is taken.

    Args:
        amplitude: signed recovery at echo time 0 of shape ``(voxels, delays)``, at least three delays.
        mask: the voxels, shape ``(X, Y, Z)``.
        sequence: times and angles.
        voxel_mm: voxel size along the axes.

    Returns:
        Fraction of the nominal field of shape ``(voxels,)``, within ``B1_GRID``; 1 where nothing can be told.
    """
    cosine, weight = _effective_cosine(amplitude, sequence)
    if not weight.any():
        return np.ones(len(amplitude), np.float32)
    weight /= np.mean(weight[weight > 0])
    sigma = [_SMOOTHING_MM / size for size in voxel_mm]
    volume = np.zeros(mask.shape, np.float32)

    def smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
        volume[mask] = values
        return np.asarray(gaussian_filter(volume, sigma, mode="nearest", truncate=3.0)[mask])

    share = smooth(weight)
    near = share > _MIN_WEIGHT
    mean = np.full_like(cosine, np.median(cosine[weight > 0]))
    # The second pass averages what the first left over: the first flattens the field at the rim of the head.
    for _ in range(2):
        mean += np.divide(smooth(weight * (cosine - mean)), share, out=np.zeros_like(mean), where=near)
    table = _table_of_cosines(sequence)
    return np.interp(mean, table[::-1], B1_GRID[::-1]).astype(np.float32)


def _effective_cosine(
    amplitude: NDArray[np.float32], sequence: MDMESequence
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit ``a + b exp(-TD/T1)`` and return M(0) / M(TR) with its weight, each of shape ``(voxels,)``."""
    delays, tr = np.asarray(sequence.delays), sequence.repetition_time
    t1 = np.concatenate(
        [_free_t1(amplitude[i : i + _BLOCK], delays) for i in range(0, len(amplitude), _BLOCK)]
    )
    e_td = np.exp(-delays / t1[:, None])
    e_tr = np.exp(-tr / t1)
    mean = amplitude.mean(axis=1, dtype=np.float64)
    centred = e_td - e_td.mean(axis=1, keepdims=True)
    slope = np.sum(centred * amplitude, axis=1) / np.sum(centred**2, axis=1)
    plateau = mean - slope * e_td.mean(axis=1)
    equilibrium = (plateau + slope * e_tr) / (1 - e_tr)
    positive = equilibrium > 0
    cosine = 1 + np.divide(slope, equilibrium, out=np.zeros_like(slope), where=positive)
    usable = positive & (t1 > 0.25) & (t1 < 2.2) & (cosine > -0.75) & (cosine < 0.6)
    weight = np.where(usable, equilibrium * np.exp(-(((t1 - 1) / 0.8) ** 2)), 0)
    return np.where(usable, cosine, 0).astype(np.float32), weight.astype(np.float32)


def _free_t1(amplitude: NDArray[np.float32], delays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find T1 of ``a + b exp(-TD/T1)``: where least of the recovery is left outside of its two terms."""
    terms = np.stack([np.ones((len(_T1_GRID), len(delays))), np.exp(-delays / _T1_GRID[:, None])], axis=2)
    outside = np.linalg.qr(terms, mode="complete").Q[:, :, 2:]
    rest = np.zeros((len(amplitude), len(_T1_GRID)), np.float32)
    for vectors in np.moveaxis(outside.astype(np.float32), 2, 0):
        rest += np.square(amplitude @ vectors.T)
    centre = np.clip(np.argmin(rest, axis=1), 1, len(_T1_GRID) - 2)
    window = np.take_along_axis(rest, centre[:, None] + np.arange(-1, 2), axis=1)
    offset = parabola_peak(-window.astype(np.float64))
    return _T1_GRID[centre] * np.exp(offset * np.log(_T1_GRID[1] / _T1_GRID[0]))


def _table_of_cosines(sequence: MDMESequence) -> NDArray[Any]:
    """M(0) / M(TR) at each field of ``B1_GRID``; it hardly depends on T1, so 1 s stands for all."""
    e_tr = np.exp(-sequence.repetition_time)
    plateau, drop = mdme_recovery(1.0, sequence, B1_GRID)
    return 1 - drop * (1 - e_tr) / (plateau - drop * e_tr)
