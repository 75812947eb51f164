"""Two-dimensional engine: rebinned sinograms, plane by plane."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.pet.osem import reconstruction_circle
from preprocessing.pet.reconstruct.event_histogram import EventHistogram
from preprocessing.pet.reconstruct.line_model import LineModel
from preprocessing.pet.reconstruct.planar_osem import PlanarData, planar_osem
from preprocessing.pet.reconstruct.randoms import estimate_randoms
from preprocessing.pet.reconstruct.sampling import Sampling
from preprocessing.pet.stack import to_subset_order, volume_to_stack
from preprocessing.pet.system_matrix import SystemMatrix, build_system_matrix
from taskgan_ext.errors import ConfigError

_PLANES_PER_BLOCK = 24
MAX_MATRIX_BYTES = 2 << 30
_BYTES_PER_ENTRY = {True: 150, False: 50}
"""Per pixel and angle, with and without time of flight, measured with its transpose on 128 pixels."""


@dataclass(frozen=True)
class PlanarRequest:
    """What to reconstruct from.

    Attributes:
        histogram: the counts.
        model: the scanner.
        exposure: seconds of the scan times the dose fraction.
        attenuation: 1/mm, ``(X, Y, Z)`` in the scanner's order; None for no correction.
    """

    histogram: EventHistogram
    model: LineModel
    exposure: float
    attenuation: NDArray[np.float32] | None = None


def check_matrix_memory(sampling: Sampling) -> None:
    """Refuse pixels whose projector does not fit in memory.

    Args:
        sampling: pixels and sinograms.

    Raises:
        ConfigError: the projector would be too large.
    """
    pixels, angles = sampling.grid.num_pixels * np.pi / 4, sampling.scanner.num_angles
    num_bytes = pixels * angles * _BYTES_PER_ENTRY[sampling.with_tof]
    if num_bytes > MAX_MATRIX_BYTES:
        raise ConfigError(
            f"expected a projector of at most {MAX_MATRIX_BYTES >> 30} GiB, --matrix {sampling.grid.size} "
            f"makes {num_bytes / 2**30:.0f} GiB; choose fewer pixels and a larger --voxel-size"
        )


def reconstruct_planes(request: PlanarRequest, num_iterations: int, *, progress: bool = True) -> torch.Tensor:
    """Reconstruct all planes.

    Args:
        request: counts, scanner and attenuation.
        num_iterations: passes over all subsets.
        progress: show a progress bar.

    Returns:
        A stack ``(num_pixels, plane)``: decays per second and ml that perfect detectors would need for these
        counts. A calibration factor makes Bq/ml of it.
    """
    model = request.model
    scanner, grid = model.sampling.scanner, model.sampling.grid
    matrix = build_system_matrix(scanner, grid, with_tof=model.sampling.with_tof)
    lines = build_system_matrix(scanner, grid, with_tof=False, with_adjoint=False)
    # 1 Bq/ml is 0.001 decays per second and mm3.
    gain = _by_subset(model.transaxial.gain[None] * (1e-3 * request.exposure), scanner.num_subsets)
    randoms = estimate_randoms(request.histogram.delayeds, model)
    start = _start_value(request, gain, randoms, lines)
    planes = range(model.sampling.num_planes)
    result = torch.empty(grid.num_pixels, len(planes))
    with tqdm(desc="reconstructing", total=len(planes), unit="plane", disable=not progress) as bar:
        for first in planes[::_PLANES_PER_BLOCK]:
            block = slice(first, min(first + _PLANES_PER_BLOCK, len(planes)))
            data = _block_data(request, block, gain, randoms, lines)
            result[:, block] = planar_osem(data, matrix, num_iterations, start)
            bar.update(block.stop - block.start)
    return result


def _block_data(
    request: PlanarRequest,
    block: slice,
    gain: torch.Tensor,
    randoms: NDArray[np.float32],
    lines: SystemMatrix,
) -> PlanarData:
    """Collect counts, sensitivity, attenuation and randoms of some planes."""
    model, num_subsets = request.model, request.model.sampling.scanner.num_subsets
    axial = torch.from_numpy(model.axial.gain[:, block])
    counts = torch.from_numpy(request.histogram.prompts[block].astype(np.float32))
    multiplicative = gain[:, 0].expand(-1, -1, -1, axial.shape[1])
    if request.attenuation is not None:
        stack = volume_to_stack(request.attenuation[..., block], model.sampling.grid)
        obliquity = torch.from_numpy(model.axial.obliquity[block])
        multiplicative = multiplicative * torch.exp(-lines.project(stack)[:, 0] * obliquity)
    per_weight = randoms[block] / np.maximum(model.axial.gain[:, block].sum(0), 1e-30)[:, None, None]
    return PlanarData(
        counts=to_subset_order(counts, num_subsets),
        multiplicative=multiplicative.contiguous(),
        additive=_by_subset(per_weight, num_subsets)[:, 0],
        axial=axial,
    )


def _by_subset(sinogram: NDArray[np.float32], num_subsets: int) -> torch.Tensor:
    """Bring ``(plane, angle, bin)`` into subset order ``(subset, 1, angle of the subset, bin, plane)``."""
    return to_subset_order(torch.from_numpy(sinogram.astype(np.float32))[:, None], num_subsets)


def _start_value(
    request: PlanarRequest, gain: torch.Tensor, randoms: NDArray[np.float32], lines: SystemMatrix
) -> float:
    """Return the value of a uniform image, without attenuation, that gives the net counts of the file.

    An image that starts far below the randoms would take many updates to leave them.
    """
    prompts = float(request.histogram.prompts.sum(dtype=np.int64))
    net = max(prompts - float(randoms.sum(dtype=np.float64)), 0.1 * prompts)
    chords = lines.project(reconstruction_circle(lines.grid)[:, None])[:, 0]
    weight = float((chords * gain[:, 0]).sum(dtype=torch.float64))
    expected = weight * float(request.model.axial.gain.mean(0).sum(dtype=np.float64))
    return net / expected if net > 0 and expected > 0 else 1.0
