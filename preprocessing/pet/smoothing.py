"""Gaussian smoothing as small dense matrices, one per axis."""

import functools

import torch

from preprocessing.pet.scanner import FWHM_PER_SIGMA, ImageGrid


@functools.cache
def gaussian_matrix(size: int, sigma: float, periodic: bool = False) -> torch.Tensor:
    """Return the matrix that smooths a vector of ``size`` samples with a Gaussian.

    Samples beyond the ends are mirror images (``... b a | a b c ... | z y ...``), or the vector goes round
    when ``periodic``; either way the sum of the vector and a constant vector are kept.

    Args:
        size: number of samples.
        sigma: standard deviation in samples; 0 gives the identity.
        periodic: whether the last sample is a neighbour of the first.

    Returns:
        Float32 matrix ``(size, size)``; do not write to it, it is shared.
    """
    if sigma <= 0 or size == 1:
        return torch.eye(size)
    reach = int(4 * sigma + 0.5)
    offsets = torch.arange(-reach, reach + 1)
    kernel = torch.exp(-0.5 * (offsets.double() / sigma) ** 2)
    kernel /= kernel.sum()
    source = torch.arange(size)[:, None] + offsets
    if periodic:
        source %= size
    else:
        source %= 2 * size
        source = torch.where(source < size, source, 2 * size - 1 - source)
    matrix = torch.zeros(size, size, dtype=torch.float64)
    matrix.scatter_add_(1, source, kernel.expand(size, -1).contiguous())
    return matrix.float()


def blur_in_plane(stack: torch.Tensor, grid: ImageGrid, fwhm: float) -> torch.Tensor:
    """Smooth every slice of a stack with a Gaussian of ``fwhm`` mm in x and y.

    Args:
        stack: ``(num_pixels, Z)``.
        grid: the grid of the stack.
        fwhm: full width at half maximum; 0 leaves the stack as it is.

    Returns:
        A stack of the same shape.
    """
    kernel = gaussian_matrix(grid.size, fwhm / FWHM_PER_SIGMA / grid.voxel_size)
    rows = (kernel @ stack.reshape(grid.size, -1)).reshape(grid.size, grid.size, -1)
    return torch.matmul(kernel, rows).reshape(stack.shape)


def blur_volume(stack: torch.Tensor, grid: ImageGrid, slice_spacing: float, fwhm: float) -> torch.Tensor:
    """Smooth a stack with an isotropic three-dimensional Gaussian of ``fwhm`` mm.

    Args:
        stack: ``(num_pixels, Z)``, neighbouring slices of one volume.
        grid: the grid of the stack.
        slice_spacing: distance of two slices.
        fwhm: full width at half maximum; 0 leaves the stack as it is.

    Returns:
        A stack of the same shape.
    """
    axial = gaussian_matrix(stack.shape[1], fwhm / FWHM_PER_SIGMA / slice_spacing)
    return blur_in_plane(stack, grid, fwhm) @ axial.T
