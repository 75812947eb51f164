"""Individual anatomy: a random smooth map from the subject's head back to the template."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from preprocessing.pet.grid import Grid

_CENTRE = np.array([0.0, -18.0, 8.0], dtype=np.float32)
_ANGLE_SD = np.deg2rad(4.0)
_SCALE_SD = 0.035
_ELASTIC_SD = 2.5
_VOXELS_PER_NODE = 8
_NODE_SMOOTHING = 1.2
_VENTRICLE_CENTRE = np.array([0.0, -18.0, 14.0], dtype=np.float32)
_VENTRICLE_EXTENT = np.array([22.0, 38.0, 20.0], dtype=np.float32)


@dataclass(frozen=True)
class Deformation:
    """Rotation, scaling, elastic displacement and growth of the ventricles.

    Attributes:
        angles_rad: rotation about x, y and z.
        scales: size of the head along x, y and z relative to the template.
        ventricle_growth: 0..0.5; the ventricles appear larger by 1 / (1 - growth) at their centre.
        nodes: elastic displacement of unit standard deviation on coarse nodes, shape ``(3, I, J, K)``.
    """

    angles_rad: tuple[float, float, float]
    scales: tuple[float, float, float]
    ventricle_growth: float
    nodes: NDArray[np.float32]

    def pull_back(self, grid: Grid) -> NDArray[np.float32]:
        """Find where each voxel of a subject lies in the template.

        Args:
            grid: voxels of the subject.

        Returns:
            Positions in MNI space, shape ``(3, X, Y, Z)``.
        """
        x, y, z = self.angles_rad
        rotation = _rotation(x, 0) @ _rotation(y, 1) @ _rotation(z, 2)
        matrix = (rotation / np.array(self.scales)).astype(np.float32)  # R diag(1/s)
        offset = grid.coordinates() - _column(_CENTRE)
        # einsum and not matmul: a BLAS sums in another order on another number of threads.
        position = np.einsum("ij,jxyz->ixyz", matrix, offset) + _column(_CENTRE)
        position += np.float32(_ELASTIC_SD) * _upsample(self.nodes, grid.shape)

        offset = position - _column(_VENTRICLE_CENTRE)
        distance2 = np.square(offset / _column(_VENTRICLE_EXTENT)).sum(axis=0)
        return position - offset * (np.float32(self.ventricle_growth) * np.exp(-distance2))


def draw_deformation(grid: Grid, rng: np.random.Generator) -> Deformation:
    """Draw the anatomy of one subject.

    Args:
        grid: the working grid; it decides the number of elastic nodes (one in 8 voxels).
        rng: source of randomness.
    """
    x, y, z = rng.normal(0.0, _ANGLE_SD, 3).tolist()
    sx, sy, sz = rng.normal(1.0, _SCALE_SD, 3).tolist()
    growth = float(np.clip(rng.normal(0.18, 0.14), 0.0, 0.5))
    node_shape = [max(4, size // _VOXELS_PER_NODE) for size in grid.shape]
    nodes = rng.standard_normal((3, *node_shape))
    nodes = np.stack([ndimage.gaussian_filter(component, _NODE_SMOOTHING) for component in nodes])
    nodes /= nodes.std(axis=(1, 2, 3), keepdims=True)
    return Deformation((x, y, z), (sx, sy, sz), growth, nodes.astype(np.float32))


def _column(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return vector.reshape(3, 1, 1, 1)


def _rotation(angle_rad: float, dim: int) -> NDArray[np.float64]:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    first, second = [other for other in range(3) if other != dim]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix


def _upsample(nodes: NDArray[np.float32], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Interpolate node values cubically, axis by axis, to ``(3, *shape)``."""
    for dim, size in enumerate(shape):
        matrix = _cubic_matrix(nodes.shape[dim + 1], size)
        nodes = np.moveaxis(
            np.einsum("sn,c...n->c...s", matrix, np.moveaxis(nodes, dim + 1, -1)), -1, dim + 1
        )
    return nodes


@functools.cache
def _cubic_matrix(num_nodes: int, size: int) -> NDArray[np.float32]:
    """Matrix ``(size, num_nodes)`` of the cubic spline through equidistant nodes, both ends included."""
    position = np.linspace(0, num_nodes - 1, size)
    columns = [
        ndimage.map_coordinates(unit, [position], order=3, mode="mirror") for unit in np.eye(num_nodes)
    ]
    return np.stack(columns, axis=1).astype(np.float32)
