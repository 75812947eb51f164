"""The projector: Joseph line weights times time-of-flight weights, as sparse matrices per ordered subset.

Line (angle theta, radial position s) is ``x cos + y sin = s``; the coordinate along it is
``t = -x sin + y cos``. Angles are ``(a + 1/2) pi / num_angles``, so no line runs along an axis.

Joseph's interpolation (IEEE Trans Med Imaging 1, 1982) steps over rows or columns of pixels and shares each
step linearly between two neighbours. Seen from a pixel whose centre projects to u, the same weight is
the triangle ``max(0, 1 - |s - u| / h) * voxel / c`` with ``c = max(|cos|, |sin|)`` and ``h = c * voxel``; the
matrix is built in this form, pixel by pixel, without a sort by line.
"""

import functools
import warnings
from dataclasses import dataclass

import numpy as np
import torch

from preprocessing.pet.scanner import ImageGrid, Scanner

_COLUMNS_PER_BLOCK = 24
_SMALLEST_TOF_WEIGHT = 2e-3
"""Time-of-flight weights below this are dropped; the sum over bins changes by less than 1e-3."""


@dataclass(frozen=True)
class SystemMatrix:
    """Projector of one image grid, split in ordered subsets.

    Matrix rows of a subset are ``(tof, angle of the subset, bin)``, columns are pixels. The adjoint is the
    explicit transpose: the same numbers, stored by pixel.

    Attributes:
        grid: the pixels.
        shape: ``(num_tof_bins, angles_per_subset, num_bins)``, the data of one subset and slice; one
            time-of-flight bin when built without time of flight.
        forward: per subset, CSR ``(rows, num_pixels)``.
        adjoint: per subset, CSR ``(num_pixels, rows)``; empty when built for simulation only.
        adjoint_tof_sum: per subset, CSR ``(num_pixels, angles * bins)``, the adjoint applied to data that are
            equal in all time-of-flight bins; empty like ``adjoint``.
    """

    grid: ImageGrid
    shape: tuple[int, int, int]
    forward: tuple[torch.Tensor, ...]
    adjoint: tuple[torch.Tensor, ...]
    adjoint_tof_sum: tuple[torch.Tensor, ...]

    @property
    def num_subsets(self) -> int:
        """Ordered subsets."""
        return len(self.forward)

    @property
    def num_bytes(self) -> int:
        """Memory of all matrices."""
        matrices = (*self.forward, *self.adjoint, *self.adjoint_tof_sum)
        parts = (part for m in matrices for part in (m.values(), m.col_indices(), m.crow_indices()))
        return sum(part.numel() * part.element_size() for part in parts)

    def project(self, stack: torch.Tensor) -> torch.Tensor:
        """Integrate a stack along all lines.

        Args:
            stack: ``(num_pixels, Z)``, float32.

        Returns:
            ``(subset, tof, angle of the subset, bin, Z)``, in the unit of the stack times mm.
        """
        result = stack.new_empty(self.num_subsets, *self.shape, stack.shape[1])
        for columns in column_blocks(stack.shape[1]):
            block = stack[:, columns].contiguous()
            for matrix, part in zip(self.forward, result[..., columns], strict=True):
                part.copy_((matrix @ block).reshape(part.shape))
        return result

    def backproject(self, sinogram: torch.Tensor) -> torch.Tensor:
        """Apply the adjoint of :meth:`project`.

        Args:
            sinogram: ``(subset, tof, angle of the subset, bin, Z)``, float32.

        Returns:
            A stack ``(num_pixels, Z)``.
        """
        result = sinogram.new_zeros(self.grid.num_pixels, sinogram.shape[-1])
        for columns in column_blocks(sinogram.shape[-1]):
            block = sinogram[..., columns].flatten(1, 3)
            for matrix, part in zip(self.adjoint, block, strict=True):
                result[:, columns] += matrix @ part
        return result


def column_blocks(num_columns: int) -> list[slice]:
    """Split the columns of a stack in blocks whose image stays in the processor's cache during a product."""
    starts = range(0, num_columns, _COLUMNS_PER_BLOCK)
    return [slice(start, min(start + _COLUMNS_PER_BLOCK, num_columns)) for start in starts]


@functools.cache
def build_system_matrix(
    scanner: Scanner, grid: ImageGrid, *, with_tof: bool = True, with_adjoint: bool = True
) -> SystemMatrix:
    """Build the projector of ``scanner`` for ``grid``, once per process and geometry.

    Args:
        scanner: sampling and time-of-flight resolution.
        grid: the pixels; those outside the inscribed circle get empty columns.
        with_tof: split the line integral in the scanner's time-of-flight bins; otherwise one bin holds
            the whole line.
        with_adjoint: keep the transposes too; a simulation needs none.

    Returns:
        The projector; shared, do not write to it.
    """
    forward, adjoint, tof_sum = [], [], []
    for subset in range(scanner.num_subsets):
        pixels, columns, weights = _subset_entries(scanner, grid, subset, with_tof)
        num_tof, num_rays = weights.shape[1], scanner.angles_per_subset * scanner.num_bins
        by_tof = torch.arange(num_tof, dtype=torch.int32)[:, None, None] * num_rays + columns[:, None]
        transposed = _csr_from_padded_rows(pixels, by_tof, weights, (grid.num_pixels, num_tof * num_rays))
        forward.append(_transpose(transposed))
        if with_adjoint:
            adjoint.append(transposed)
            summed = weights.sum(1)
            tof_sum.append(_csr_from_padded_rows(pixels, columns, summed, (grid.num_pixels, num_rays)))
    data_shape = (scanner.num_tof_bins if with_tof else 1, scanner.angles_per_subset, scanner.num_bins)
    return SystemMatrix(grid, data_shape, tuple(forward), tuple(adjoint), tuple(tof_sum))


def _subset_entries(
    scanner: Scanner, grid: ImageGrid, subset: int, with_tof: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the candidate entries of a subset, pixel by pixel.

    Returns:
        Indices of the P pixels within the circle; the candidate rays ``angle * num_bins + bin``, shape
        ``(P, angle, candidate)``, int32; their weights ``(P, tof, angle, candidate)``, float32, zero
        where a candidate is not hit.
    """
    pixels, x, y = _pixels_in_circle(grid)
    view = torch.arange(subset, scanner.num_angles, scanner.num_subsets)
    angle = (view.double() + 0.5) * (torch.pi / scanner.num_angles)
    u = x[:, None] * torch.cos(angle) + y[:, None] * torch.sin(angle)
    t = -x[:, None] * torch.sin(angle) + y[:, None] * torch.cos(angle)

    bins, joseph = _joseph_weights(scanner, grid, u, angle)
    tof = _tof_weights(scanner, t.float()) if with_tof else torch.ones(*t.shape, 1)
    rays = torch.arange(scanner.angles_per_subset)[:, None] * scanner.num_bins + bins
    return pixels, rays.int(), joseph[:, None].float() * tof.transpose(1, 2)[..., None]


def _pixels_in_circle(grid: ImageGrid) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return index, x and y (float64) of the pixels within the inscribed circle of the grid."""
    centre = (torch.arange(grid.size, dtype=torch.float64) - (grid.size - 1) / 2) * grid.voxel_size
    y, x = torch.meshgrid(centre, centre, indexing="ij")
    inside = (x**2 + y**2 <= (grid.size * grid.voxel_size / 2) ** 2).flatten()
    return inside.nonzero()[:, 0], x.flatten()[inside], y.flatten()[inside]


def _joseph_weights(
    scanner: Scanner, grid: ImageGrid, u: torch.Tensor, angle: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return bins and weights ``(pixel, angle, candidate)``; weights of bins outside the sinogram are 0."""
    c = torch.maximum(torch.cos(angle).abs(), torch.sin(angle).abs())
    half_width = c * grid.voxel_size
    num_candidates = int(np.ceil(2 * grid.voxel_size / scanner.bin_size))
    first = torch.floor((u - half_width) / scanner.bin_size + (scanner.num_bins - 1) / 2) + 1
    bins = first[..., None].long() + torch.arange(num_candidates)
    s = (bins - (scanner.num_bins - 1) / 2) * scanner.bin_size
    distance = (s - u[..., None]).abs() / half_width[:, None]
    weights = (1 - distance).clamp_min(0) * (grid.voxel_size / c)[:, None]
    inside = (bins >= 0) & (bins < scanner.num_bins)
    return bins, weights * inside


def _tof_weights(scanner: Scanner, t: torch.Tensor) -> torch.Tensor:
    """Return the share of events at ``t`` that is measured in each time-of-flight bin, last axis.

    Bin k spans ``[e_k, e_k + D)`` with ``e_k = (k - num_tof_bins / 2) D``; the share is the integral of the
    Gaussian timing response over it.
    """
    edges = (torch.arange(scanner.num_tof_bins + 1) - scanner.num_tof_bins / 2) * scanner.tof_bin_size
    below = 0.5 * torch.erf((edges - t[..., None]) / (2**0.5 * scanner.tof_sigma))
    weights = below.diff(dim=-1)
    return weights * (weights >= _SMALLEST_TOF_WEIGHT)


def _csr_from_padded_rows(
    rows: torch.Tensor, columns: torch.Tensor, weights: torch.Tensor, shape: tuple[int, int]
) -> torch.Tensor:
    """Pack the non-zero weights of each row; ``columns`` and ``weights`` start with the axis of ``rows``."""
    hit = weights > 0
    per_row = torch.zeros(shape[0], dtype=torch.int64)
    per_row[rows] = hit.flatten(1).sum(1)
    picked = torch.from_numpy(np.flatnonzero(hit.numpy()))
    return _csr(per_row, columns.flatten()[picked], weights.flatten()[picked], shape)


def _csr(
    per_row: torch.Tensor, columns: torch.Tensor, values: torch.Tensor, shape: tuple[int, int]
) -> torch.Tensor:
    """Make a CSR tensor with 32-bit indices, without torch's two notices about it."""
    offsets = torch.zeros(shape[0] + 1, dtype=torch.int32)
    offsets[1:] = per_row.cumsum(0)
    with warnings.catch_warnings():
        # Both are notices about torch's CSR support as such, not about this matrix.
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")
        warnings.filterwarnings("ignore", message="Sparse invariant checks are implicitly disabled")
        return torch.sparse_csr_tensor(offsets, columns, values, size=shape)


def _transpose(matrix: torch.Tensor) -> torch.Tensor:
    """Return the transpose of a CSR matrix as CSR, with the same values."""
    num_rows, num_columns = matrix.shape
    columns = matrix.col_indices().numpy()
    # numpy sorts 16-bit keys by radix, many times faster than 32-bit ones.
    order = np.argsort(columns.astype(np.uint16) if num_columns <= 2**16 else columns, kind="stable")
    per_row = (matrix.crow_indices()[1:] - matrix.crow_indices()[:-1]).long()
    rows = torch.repeat_interleave(torch.arange(num_rows, dtype=torch.int32), per_row)
    per_column = torch.bincount(matrix.col_indices(), minlength=num_columns)
    picked = torch.from_numpy(order)
    return _csr(per_column, rows[picked], matrix.values()[picked], (num_columns, num_rows))
