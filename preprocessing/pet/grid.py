"""Voxel grids in RAS millimetres: where the phantom is drawn, simulated and reconstructed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.scanner import ImageGrid

SCANNER_AXIS = (0.0, -18.0)
"""Where the scanner axis passes through MNI space: the middle of the head in x and y."""
BLOCK_CENTRE_Z = 8.0
"""Middle of the slices in MNI space."""


@dataclass(frozen=True)
class Grid:
    """A box of voxels parallel to the RAS axes.

    Attributes:
        shape: number of voxels along x, y and z.
        spacing: voxel size along x, y and z.
        centre: middle of the box.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    centre: tuple[float, float, float]

    def axis(self, dim: int) -> NDArray[np.float64]:
        """Voxel centres along one axis, increasing.

        Args:
            dim: 0, 1 or 2 for x, y or z.
        """
        offsets = np.arange(self.shape[dim], dtype=np.float64) - (self.shape[dim] - 1) / 2
        return offsets * self.spacing[dim] + self.centre[dim]

    def coordinates(self) -> NDArray[np.float32]:
        """Coordinates of every voxel centre, shape ``(3, X, Y, Z)``."""
        axes = [self.axis(dim).astype(np.float32) for dim in range(3)]
        return np.stack(np.meshgrid(*axes, indexing="ij"))

    def index(self, position: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fractional voxel index of points.

        Args:
            position: points in mm, shape ``(3, ...)``.
        """
        column = (3,) + (1,) * (position.ndim - 1)
        first = np.array([self.axis(dim)[0] for dim in range(3)], dtype=np.float32).reshape(column)
        return (position - first) / np.array(self.spacing, dtype=np.float32).reshape(column)

    @property
    def affine(self) -> NDArray[np.float64]:
        """The ``(4, 4)`` map from voxel index to RAS millimetres."""
        affine = np.diag([*self.spacing, 1.0])
        affine[:3, 3] = [self.axis(dim)[0] for dim in range(3)]
        return affine


def brain_grid(transaxial: ImageGrid, num_slices: int, slice_spacing: float) -> Grid:
    """Place a scanner's slices in the head: centred on the scanner axis and on the brain.

    Args:
        transaxial: pixels of a slice.
        num_slices: number of slices; 48 of 2.78 mm, the slices 21..68 of the paper's 89, reach from the
            cerebellum to the vertex.
        slice_spacing: distance of two slices.
    """
    return Grid(
        shape=(transaxial.size, transaxial.size, num_slices),
        spacing=(transaxial.voxel_size, transaxial.voxel_size, slice_spacing),
        centre=(*SCANNER_AXIS, BLOCK_CENTRE_Z),
    )


def resample_linear(volume: NDArray[np.float32], source: Grid, target: Grid) -> NDArray[np.float32]:
    """Interpolate a volume linearly; outside the source it is zero.

    Both grids are parallel to the axes, so that the interpolation is done axis by axis.

    Args:
        volume: array of the shape of ``source``.
        source: where the volume is known.
        target: where it is wanted.

    Returns:
        Array of the shape of ``target``.
    """
    for dim in (2, 1, 0):  # z first: it shrinks the volume most
        index = (target.axis(dim) - source.axis(dim)[0]) / source.spacing[dim]
        size = source.shape[dim]
        low = np.floor(index).astype(np.int64)
        shape = [1, 1, 1]
        shape[dim] = -1
        interpolated = np.zeros(1, dtype=np.float32)
        for neighbour, share in ((low, low + 1 - index), (low + 1, index - low)):
            weight = np.where((neighbour >= 0) & (neighbour < size), share, 0.0)
            taken = np.take(volume, np.clip(neighbour, 0, size - 1), axis=dim)
            interpolated = interpolated + taken * weight.astype(np.float32).reshape(shape)
        volume = interpolated
    return volume


def resample_nearest(volume: NDArray[np.uint8], source: Grid, target: Grid) -> NDArray[np.uint8]:
    """Take the nearest voxel of a label map; outside the source it is zero.

    Args:
        volume: array of the shape of ``source``.
        source: where the map is known.
        target: where it is wanted.

    Returns:
        Array of the shape of ``target``.
    """
    for dim in range(3):
        index = np.rint((target.axis(dim) - source.axis(dim)[0]) / source.spacing[dim]).astype(np.int64)
        inside = (index >= 0) & (index < source.shape[dim])
        shape = [1, 1, 1]
        shape[dim] = -1
        taken = np.take(volume, np.clip(index, 0, source.shape[dim] - 1), axis=dim)
        volume = np.where(inside.reshape(shape), taken, np.uint8(0))
    return volume
