"""The grid of the procedural head: fine voxels that are later averaged over the thickness of a slice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FIELD_OF_VIEW, SLICE_THICKNESS = 256.0, 4.0
"""In-plane extent of the images and distance of their slices, in mm."""
_SLAB_CENTRE = 26.0
_HEAD_SIZE = (192.0, 232.0)


@dataclass(frozen=True)
class HeadGrid:
    """Voxels of equal sides; x runs to the right, y to the front, z upwards, with 0 at the brain's centre.

    Attributes:
        resolution: side of a voxel in mm, a divisor of 4.
        num_slices: axial slices of 4 mm, about the middle of the cerebrum.
    """

    resolution: float
    num_slices: int

    @property
    def slice_voxels(self) -> int:
        """Voxels that are averaged to one slice."""
        return round(SLICE_THICKNESS / self.resolution)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along x, y and z; the head fits, the images are wider."""
        x, y = (round(size / self.resolution) for size in _HEAD_SIZE)
        return x, y, self.num_slices * self.slice_voxels

    @property
    def margin(self) -> tuple[int, int]:
        """Voxels of air that the images have on each side, along x and y."""
        x, y, _ = self.shape
        matrix = round(FIELD_OF_VIEW / self.resolution)
        return (matrix - x) // 2, (matrix - y) // 2

    @property
    def affine(self) -> NDArray[np.float64]:
        """``(4, 4)``, voxel of the images (margin included, slices averaged) to RAS millimetres."""
        first = -(FIELD_OF_VIEW - self.resolution) / 2
        affine = np.diag([self.resolution, self.resolution, SLICE_THICKNESS, 1.0])
        affine[:3, 3] = first, first, _SLAB_CENTRE - (self.num_slices - 1) * SLICE_THICKNESS / 2
        return affine

    def coordinates(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Voxel centres in mm along each axis, shaped ``(X, 1, 1)``, ``(1, Y, 1)`` and ``(1, 1, Z)``."""
        x, y, z = (
            ((np.arange(size) - (size - 1) / 2) * self.resolution).astype(np.float32) for size in self.shape
        )
        return x[:, None, None], y[None, :, None], z[None, None, :] + np.float32(_SLAB_CENTRE)
