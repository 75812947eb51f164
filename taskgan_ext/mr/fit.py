"""Relaxation maps from signed MDME images (Warntjes et al., MRM 60:320-329, 2008)."""

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.mr.echo_decay import fit_decay
from taskgan_ext.mr.recovery_dictionary import RecoveryDictionary
from taskgan_ext.mr.relaxation_maps import Maps
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.transmit_field import fit_transmit_field


def head_mask(signed: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find the voxels that have signal: above 6 % of the 99th percentile at the longest delay and first echo.

    Args:
        signed: images of shape ``(X, Y, Z, delays, echoes)``, times ascending; magnitudes will do too.

    Returns:
        Mask of shape ``(X, Y, Z)``.
    """
    brightest = np.abs(signed[..., -1, 0])
    return np.asarray(brightest > 0.06 * np.percentile(brightest, 99))


def fit_maps(
    signed: NDArray[np.float32],
    sequence: MDMESequence,
    voxel_mm: tuple[float, float, float],
    mask: NDArray[np.bool_] | None = None,
) -> Maps:
    """Fit T2 over the echoes, then the transmit field, then T1 and proton density at this field.

    Args:
        signed: images of shape ``(X, Y, Z, delays, echoes)``, times ascending, phase removed.
        sequence: times and angles of the images.
        voxel_mm: voxel size along the axes; the transmit field is smoothed over 8 mm.
        mask: voxels to fit, shape ``(X, Y, Z)``; ``head_mask`` by default.

    Returns:
        Maps of shape ``(X, Y, Z)``, 0 outside the mask. T1 lies in 0.1 ... 8 s, T2 in 0.005 ... 3 s; proton
        density is in the unit of the images and holds the receive field.

    Raises:
        DataError: images and times differ in number, there are fewer than three delays, or no voxel has
            signal.
    """
    times = (len(sequence.delays), len(sequence.echo_times))
    if signed.ndim != 5 or signed.shape[3:] != times or times[0] < 3:
        raise DataError(
            f"MDME fit: expected images of shape (X, Y, Z, {times[0]} delays, {times[1]} echoes) with at "
            f"least three delays, got {signed.shape}"
        )
    mask = head_mask(signed) if mask is None else np.asarray(mask, bool)
    if not mask.any():
        raise DataError(
            "MDME fit: expected voxels with signal, found none; are the images empty or not finite?"
        )
    t2, amplitude = fit_decay(signed[mask], sequence.echo_times)
    b1 = fit_transmit_field(amplitude, mask, sequence, voxel_mm)
    t1, pd = RecoveryDictionary(sequence).match(amplitude, b1)
    return Maps(*(_to_volume(values, mask) for values in (t1, t2, pd, b1)))


def _to_volume(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    volume = np.zeros(mask.shape, np.float32)
    volume[mask] = values
    return volume
