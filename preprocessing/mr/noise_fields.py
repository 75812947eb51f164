"""Seeded random fields: smooth ones for what varies slowly, band-limited ones for folds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft

_BAND_WIDTH = 0.165  # standard deviation of the ring relative to its radius


def smooth_noise(
    shape: Sequence[int], spacing: Sequence[float], wavelength: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw a smooth field: a cubic B-spline through a lattice of independent normal numbers.

    Every voxel has mean 0 and standard deviation 1 over all draws.

    Args:
        shape: voxels along each axis.
        spacing: voxel size along each axis in mm.
        wavelength: of the fastest variation in mm, two nodes of the lattice.
        rng: source of randomness.

    Returns:
        The field, of the given shape.
    """
    weights = [_spline_weights(size, step, wavelength / 2) for size, step in zip(shape, spacing, strict=True)]
    field = rng.standard_normal([matrix.shape[1] for matrix in weights], dtype=np.float32)
    for dim, matrix in enumerate(weights):
        # einsum and not matmul: a BLAS sums in another order on another number of threads.
        field = np.moveaxis(np.einsum("sn,...n->...s", matrix, np.moveaxis(field, dim, -1)), -1, dim)
    return np.ascontiguousarray(field)


def band_noise(
    shape: Sequence[int], spacing: Sequence[float], wavelength: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw a field of one spatial scale: white noise behind a Gaussian ring in frequency space.

    Args:
        shape: voxels along each axis.
        spacing: voxel size along each axis in mm.
        wavelength: centre of the band in mm; the band's standard deviation is a sixth of its frequency.
        rng: source of randomness.

    Returns:
        The field, of the given shape, with standard deviation 1.
    """
    spectrum = fft.rfftn(rng.standard_normal(shape, dtype=np.float32))
    axes = [fft.fftfreq(size, step) for size, step in zip(shape[:-1], spacing[:-1], strict=True)]
    axes.append(fft.rfftfreq(shape[-1], spacing[-1]))
    frequency = np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij", sparse=True)))
    ring = np.exp(-0.5 * ((frequency * wavelength - 1) / _BAND_WIDTH) ** 2).astype(np.float32)
    field = fft.irfftn(spectrum * ring, s=tuple(shape))
    return (field / field.std()).astype(np.float32)


def _spline_weights(size: int, step: float, node_distance: float) -> NDArray[np.float32]:
    """Uniform cubic B-spline basis at the voxel centres, ``(size, nodes)``, each row of unit length."""
    position = np.arange(size) * step / node_distance + 1
    num_nodes = int(position[-1]) + 3
    distance = np.abs(position[:, None] - np.arange(num_nodes))
    inner = 2 / 3 - distance**2 * (1 - distance / 2)
    outer = (2 - distance).clip(0) ** 3 / 6
    basis = np.where(distance < 1, inner, outer)
    return (basis / np.linalg.norm(basis, axis=1, keepdims=True)).astype(np.float32)
