"""Volumes, stacks and the two orders of a sinogram.

A *volume* is an array ``(X, Y, Z)``. A *stack* is the same activity as columns of a matrix: a float32 tensor
``(num_pixels, Z)`` whose row is ``iy * size + ix``, so that one sparse product projects all slices.

Counts have two orders. The *subset order* ``(subset, tof, angle of the subset, bin, slice)`` is what ordered
subsets read contiguously; angle ``i`` of subset ``s`` is view ``s + i * num_subsets``. The *event order*
``(slice, tof, angle, bin)`` is the address of an event.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from preprocessing.pet.scanner import ImageGrid


def volume_to_stack(volume: NDArray[np.float32], grid: ImageGrid) -> torch.Tensor:
    """Turn a volume ``(X, Y, Z)`` into a stack ``(num_pixels, Z)``, float32.

    Args:
        volume: any unit; X and Y must be ``grid.size``.
        grid: the transaxial grid that the volume is sampled on.

    Raises:
        ValueError: the volume is not ``(size, size, Z)``.
    """
    if volume.ndim != 3 or volume.shape[:2] != (grid.size, grid.size):
        raise ValueError(f"expected a volume ({grid.size}, {grid.size}, Z), got {volume.shape}")
    columns = np.ascontiguousarray(volume.transpose(1, 0, 2), dtype=np.float32)
    return torch.from_numpy(columns.reshape(grid.num_pixels, -1))


def stack_to_volume(stack: torch.Tensor, grid: ImageGrid) -> NDArray[np.float32]:
    """Turn a stack ``(num_pixels, Z)`` into a contiguous float32 volume ``(X, Y, Z)``."""
    columns = stack.numpy().reshape(grid.size, grid.size, -1)
    return np.ascontiguousarray(columns.transpose(1, 0, 2), dtype=np.float32)


def to_event_order(sinogram: torch.Tensor) -> torch.Tensor:
    """Reorder ``(subset, tof, angle of the subset, bin, slice)`` to ``(slice, tof, angle, bin)``."""
    num_subsets, num_tof, per_subset, num_bins, num_slices = sinogram.shape
    ordered = sinogram.permute(4, 1, 2, 0, 3)
    return ordered.reshape(num_slices, num_tof, per_subset * num_subsets, num_bins)


def to_subset_order(sinogram: torch.Tensor, num_subsets: int) -> torch.Tensor:
    """Reorder ``(slice, tof, angle, bin)`` to ``(subset, tof, angle of the subset, bin, slice)``."""
    num_slices, num_tof, num_angles, num_bins = sinogram.shape
    split = sinogram.reshape(num_slices, num_tof, num_angles // num_subsets, num_subsets, num_bins)
    return split.permute(3, 1, 2, 4, 0).contiguous()
