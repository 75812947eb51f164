"""What the sampling of k-space does to slices."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

_CUT_OFF, _CUT_OFF_WIDTH = 0.92, 0.02  # radius of sampled k-space and its soft edge, in units of Nyquist


def frequencies(shape: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Spatial frequencies of a slice in cycles per voxel, shaped ``(X, 1)`` and ``(1, Y)``.

    Args:
        shape: voxels of the slice.
    """
    x, y = (fft.fftfreq(size).astype(np.float32) for size in shape)
    return x[:, None], y[None, :]


def truncation(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Filter of a scan that samples a disk of k-space; it makes Gibbs ringing.

    Args:
        shape: voxels of the slice.
    """
    radius = 2 * np.hypot(*frequencies(shape))
    # Clipped: exp must not overflow far outside.
    return (1 / (1 + np.exp(np.clip((radius - _CUT_OFF) / _CUT_OFF_WIDTH, -60, 60)))).astype(np.float32)


def echo_train_decay(shape: tuple[int, int], decay: float) -> NDArray[np.float32]:
    """Filter of an echo train that samples k-space along y, from its centre outwards, while it decays.

    Args:
        shape: voxels of the slice.
        decay: logarithm of the loss at the edge of k-space.
    """
    _, y = frequencies(shape)
    return np.broadcast_to(np.exp(-2 * decay * np.abs(y)), shape).astype(np.float32)


def displacement(shape: tuple[int, int], shift: tuple[float, float]) -> NDArray[np.complex64]:
    """Filter that moves a slice.

    Args:
        shape: voxels of the slice.
        shift: along x and y in voxels.
    """
    x, y = frequencies(shape)
    return np.exp(-2j * np.pi * (x * shift[0] + y * shift[1])).astype(np.complex64)


def apply_filter(slices: NDArray[np.complex64], weights: NDArray[np.generic]) -> NDArray[np.complex64]:
    """Multiply slices by a filter in k-space.

    Args:
        slices: ``(X, Y, ...)``.
        weights: ``(X, Y)``, zero frequency first.

    Returns:
        ``(X, Y, ...)``.
    """
    spread = weights.reshape(*weights.shape, *(1,) * (slices.ndim - 2))
    spectrum = fft.fft2(slices, axes=(0, 1))
    return np.asarray(fft.ifft2(spectrum * spread, axes=(0, 1)), dtype=np.complex64)
