"""The grid on which tissue fractions are handed to the simulator, and averages over its voxels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from preprocessing.mr.head_grid import FIELD_OF_VIEW
from preprocessing.mr.volume import transform_points

_SAME = 0.99  # slices count as thick as asked from this share on


@dataclass(frozen=True)
class TissueGrid:
    """Voxels whose axes are parallel to those of another grid, the source.

    Attributes:
        shape: voxels along each axis.
        size: of a voxel along each axis in mm.
        start: of the first voxel's edge along each axis, in mm from the edge of the source's first voxel.
        source_size: voxel size of the source in mm.
        source_affine: ``(4, 4)``, voxel of the source to RAS millimetres.
    """

    shape: tuple[int, int, int]
    size: tuple[float, float, float]
    start: tuple[float, float, float]
    source_size: tuple[float, float, float]
    source_affine: NDArray[np.float64]

    @property
    def affine(self) -> NDArray[np.float64]:
        """``(4, 4)``, voxel to RAS millimetres."""
        ratio = np.array(self.size) / self.source_size
        first = np.array(self.start) / self.source_size + ratio / 2 - 0.5
        affine = self.source_affine.copy()
        affine[:3, :3] = self.source_affine[:3, :3] * ratio
        affine[:3, 3] = transform_points(first[None], self.source_affine)[0]
        return affine

    def average(self, volume: NDArray[np.float32]) -> NDArray[np.float32]:
        """Average over what each voxel holds of the source; beyond the source there is nothing.

        Args:
            volume: on the source.
        """
        for dim in range(3):
            weights = _overlap(
                self.shape[dim], self.size[dim], self.start[dim], volume.shape[dim], self.source_size[dim]
            )
            moved = np.moveaxis(volume, dim, 0)
            mean = weights @ moved.reshape(len(moved), -1)
            volume = np.moveaxis(mean.reshape(-1, *moved.shape[1:]), 0, dim)
        return np.ascontiguousarray(volume, dtype=np.float32)


def plan_grid(
    brain: NDArray[np.bool_], affine: NDArray[np.float64], resolution: float | None, slice_mm: float
) -> TissueGrid:
    """Choose the grid: slices about the brain, in parallel to those of the scan.

    Args:
        brain: ``(X, Y, Z)`` on the grid of the scan, whose third axis runs upwards.
        affine: ``(4, 4)``, of that grid, to RAS millimetres.
        resolution: in-plane voxel size in mm, for images of 256 mm about the brain as those of procedural
            heads; ``None`` for the voxels of the scan in all axes.
        slice_mm: thickness of the slices; a scan of thicker ones keeps its own.
    """
    x, y, z = np.linalg.norm(affine[:3, :3], axis=0).tolist()
    where = np.argwhere(brain)
    low, high = where.min(axis=0), where.max(axis=0) + 1
    if resolution is None or z >= _SAME * slice_mm:
        num_slices, thickness, bottom = int(high[2] - low[2]), z, float(low[2] * z)
    else:
        num_slices, thickness = int(np.ceil((high[2] - low[2]) * z / slice_mm - 1e-6)), slice_mm
        bottom = _snap((low[2] + high[2]) / 2 * z - num_slices * slice_mm / 2, z)
    if resolution is None:
        shape, size, start = brain.shape[:2], (x, y), (0.0, 0.0)
    else:
        matrix = round(FIELD_OF_VIEW / resolution)
        shape, size = (matrix, matrix), (resolution, resolution)
        half = matrix * resolution / 2
        left, back = (
            _snap((low[dim] + high[dim]) / 2 * step - half, step) for dim, step in enumerate((x, y))
        )
        start = left, back
    return TissueGrid(
        shape=(shape[0], shape[1], num_slices),
        size=(*size, thickness),
        start=(start[0], start[1], bottom),
        source_size=(x, y, z),
        source_affine=affine,
    )


def _snap(position: float, step: float) -> float:
    """The nearest border between voxels of the source: where sizes are multiples nothing is blurred."""
    return round(position / step) * step


def _overlap(
    count: int, size: float, start: float, source_count: int, source_size: float
) -> sparse.csr_array:
    """Share of each voxel that each voxel of the source fills, ``(count, source_count)``."""
    edges = start + size * np.arange(count + 1)
    source_edges = source_size * np.arange(source_count + 1)
    upper = np.minimum(edges[1:, None], source_edges[None, 1:])
    lower = np.maximum(edges[:-1, None], source_edges[None, :-1])
    return sparse.csr_array(np.maximum(upper - lower, 0).astype(np.float32) / np.float32(size))
