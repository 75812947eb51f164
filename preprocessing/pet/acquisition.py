"""What the scanner is expected to count: trues, scatter and randoms of a full-dose scan."""

from dataclasses import dataclass

import torch

from preprocessing.pet.scanner import Scanner
from preprocessing.pet.smoothing import blur_in_plane, gaussian_matrix
from preprocessing.pet.system_matrix import build_system_matrix
from taskgan_ext.errors import DataError

_SCATTER_SIGMA_SLICES = 1.0
_SCATTER_SIGMA_RAD = 6 * torch.pi / 168
_SCATTER_SIGMA_MM = 22 * 2.34


@dataclass(frozen=True)
class CountLevels:
    """Counts of a full-dose scan.

    Attributes:
        trues_per_slice: expected unscattered true coincidences, mean over the slices.
        scatter_fraction: scattered coincidences as a share of the trues.
        randoms_fraction: random coincidences as a share of the trues.
    """

    trues_per_slice: float
    scatter_fraction: float
    randoms_fraction: float


@dataclass(frozen=True)
class Acquisition:
    """Expected full-dose data of a stack of slices, in subset order (see ``preprocessing.pet.stack``).

    Attributes:
        prompts: expected trues + scatter + randoms, ``(subset, tof, angle of the subset, bin, Z)``.
        additive: expected scatter plus randoms of one time-of-flight bin,
            ``(subset, angle of the subset, bin, Z)``.
        multiplicative: expected counts per (Bq/ml mm) of a ray, attenuation times ``calibration``, same
            shape.
        randoms_per_bin: expected randoms of one bin; the same everywhere, also the mean of the delayeds.
        calibration: counts per (Bq/ml mm) without attenuation; one number for all slices.
        outside_tof_fraction: share of the trues that falls outside the time-of-flight bins and is lost.
    """

    prompts: torch.Tensor
    additive: torch.Tensor
    multiplicative: torch.Tensor
    randoms_per_bin: float
    calibration: float
    outside_tof_fraction: float


def simulate_acquisition(
    activity: torch.Tensor, attenuation: torch.Tensor, scanner: Scanner, levels: CountLevels
) -> Acquisition:
    """Compute the expected data of a full-dose scan.

    Slices are independent, and activity is blurred in the plane by the scanner's resolution. Scatter is
    a smooth copy of the trues and randoms are flat; both are spread evenly over the time-of-flight bins.

    Args:
        activity: Bq/ml on the simulation grid, ``(num_pixels, Z)``, not negative.
        attenuation: linear attenuation coefficients in 1/mm, same shape.
        scanner: the scanner.
        levels: how many counts.

    Returns:
        The expected data.

    Raises:
        DataError: there is no activity in the field of view.
    """
    grid = scanner.simulation_grid
    blurred = blur_in_plane(activity, grid, scanner.resolution_fwhm)
    line = build_system_matrix(scanner, grid, with_tof=False, with_adjoint=False)
    survival = torch.exp(-line.project(attenuation))  # (subset, 1, angle of the subset, bin, Z)
    measurable = float((line.project(blurred) * survival).sum(dtype=torch.float64))

    trues = build_system_matrix(scanner, grid, with_adjoint=False).project(blurred)
    trues *= survival
    measured = float(trues.sum(dtype=torch.float64))
    if not measured > 0:
        raise DataError("expected activity in the field of view of the scanner, found none or not a number")
    calibration = levels.trues_per_slice * activity.shape[1] / measured
    trues *= calibration

    scatter = _smooth_sinogram(trues.sum(1), scanner) * (levels.scatter_fraction / scanner.num_tof_bins)
    data_bins = scanner.num_tof_bins * scanner.num_angles * scanner.num_bins
    randoms = levels.randoms_fraction * levels.trues_per_slice / data_bins
    additive = scatter + randoms
    return Acquisition(
        prompts=trues.add_(additive[:, None]),  # in place: the largest array of a scan
        additive=additive,
        multiplicative=survival[:, 0] * calibration,
        randoms_per_bin=randoms,
        calibration=calibration,
        outside_tof_fraction=1 - measured / measurable,
    )


def _smooth_sinogram(sinogram: torch.Tensor, scanner: Scanner) -> torch.Tensor:
    """Smooth ``(subset, angle of the subset, bin, Z)`` along slices, angles and bins; the sum is kept."""
    num_subsets, per_subset, num_bins, num_slices = sinogram.shape
    views = sinogram.transpose(0, 1).reshape(scanner.num_angles, num_bins, num_slices)
    # Views half a turn on are the same lines with s reversed: go round 360 degrees.
    around = torch.cat([views, views.flip(1)]).flatten(1)
    sigma_angles = _SCATTER_SIGMA_RAD * scanner.num_angles / torch.pi
    angular = gaussian_matrix(2 * scanner.num_angles, sigma_angles, periodic=True)[: scanner.num_angles]
    radial = gaussian_matrix(num_bins, _SCATTER_SIGMA_MM / scanner.bin_size)
    axial = gaussian_matrix(num_slices, _SCATTER_SIGMA_SLICES)
    smooth = (angular @ around).reshape(scanner.num_angles, num_bins, num_slices)
    smooth = torch.matmul(radial, smooth) @ axial.T
    return smooth.reshape(per_subset, num_subsets, num_bins, num_slices).transpose(0, 1)
