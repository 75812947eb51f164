"""Expected random coincidences from the delayed ones."""

import numpy as np
import torch
from numpy.typing import NDArray

from preprocessing.pet.reconstruct.line_model import LineModel
from preprocessing.pet.smoothing import gaussian_matrix

SIGMA_RAD = 20 * np.pi / 252
SIGMA_MM = 12.0
SIGMA_PLANES = 4.0
"""Smoothing of the rate per line: 20 views and 4 bins of 3 mm of a Siemens mMR, and 4 planes."""


def estimate_randoms(delayeds: NDArray[np.int32], model: LineModel) -> NDArray[np.float32]:
    """Estimate the randoms: the rate per pair of detectors is smooth, the number of pairs is known.

    The mean rate about a bin is the smoothed delayeds over the smoothed number of pairs; times the pairs of
    the bin it is the estimate. Bins without pairs (gaps between blocks) get none. The sum of the delayeds is
    kept.

    Args:
        delayeds: ``(plane, angle, bin)``.
        model: the scanner.

    Returns:
        Expected randoms of all time-of-flight bins together, ``(plane, angle, bin)``, float32.
    """
    total = int(delayeds.sum(dtype=np.int64))
    if total == 0:
        return np.zeros(delayeds.shape, np.float32)
    planes, angles, bins = delayeds.shape
    transaxial = torch.from_numpy(model.transaxial.pairs)
    axial = torch.from_numpy(model.axial.gain).sum(0)
    sigma_angles, sigma_bins = SIGMA_RAD * angles / np.pi, SIGMA_MM / model.sampling.scanner.bin_size
    # Views half a turn on are the same lines with s reversed: go round 360 degrees.
    angular = gaussian_matrix(2 * angles, sigma_angles, periodic=True)[:angles]
    radial, along = gaussian_matrix(bins, sigma_bins), gaussian_matrix(planes, SIGMA_PLANES)

    def smooth_view(sinogram: torch.Tensor) -> torch.Tensor:
        around = torch.cat([sinogram, sinogram.flip(-1)], dim=-2)
        return angular @ around @ radial.T

    counts = torch.from_numpy(delayeds.astype(np.float32))
    smooth = torch.tensordot(along, torch.stack([smooth_view(plane) for plane in counts]), dims=1)
    pairs = torch.outer(along @ axial, smooth_view(transaxial).flatten()).reshape(smooth.shape)
    rate = torch.where(pairs > 1e-6 * float(pairs.max()), smooth / pairs.clamp_min(1e-30), 0)
    randoms = rate * axial[:, None, None] * transaxial
    scale = total / float(randoms.sum(dtype=torch.float64))
    result: NDArray[np.float32] = (randoms * scale).numpy()
    return result
