"""A volume with its place in the scanner, and what the registration asks of it."""

from dataclasses import dataclass

import nibabel as nib
import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name in its manual
from numpy.typing import NDArray
from scipy import ndimage

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Volume:
    """A volume on a grid.

    Attributes:
        data: ``(X, Y, Z)``.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
    """

    data: NDArray[np.float32]
    affine: NDArray[np.float64]

    def same_grid(self, other: "Volume") -> bool:
        """Whether both have the same voxels, to a hundredth of a millimetre."""
        return self.data.shape == other.data.shape and np.allclose(self.affine, other.affine, atol=0.01)

    def upright(self) -> "Volume":
        """The same voxels with axes that run to the right, to the front and up, as nearly as they can."""
        image = nib.as_closest_canonical(nib.Nifti1Image(self.data, self.affine))
        return Volume(np.ascontiguousarray(image.dataobj, dtype=np.float32), np.asarray(image.affine))

    def sample(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Interpolate linearly.

        Args:
            points: ``(N, 3)``, RAS millimetres.

        Returns:
            ``(N,)``; 0 outside the field of view.
        """
        index = to_index(points, self.affine)
        return np.where(self._inside(index), self._interpolate(index), 0.0)

    def sample_moved(
        self, points: NDArray[np.float64], matrix: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Interpolate linearly at points after a movement.

        Args:
            points: ``(N, 3)``, RAS millimetres.
            matrix: ``(4, 4)``, of the movement.

        Returns:
            Values at those of the points that come to lie within the field of view, and which those are,
            ``(N,)``.
        """
        index = transform_points(points, np.asarray(np.linalg.inv(self.affine) @ matrix))
        inside = self._inside(index)
        return self._interpolate(index[inside]), inside

    def covers(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points, ``(N, 3)`` in RAS millimetres, lie within the field of view."""
        return self._inside(to_index(points, self.affine))

    def to_itk(self) -> sitk.Image:
        """The volume as a float32 image in ITK's frame, LPS millimetres."""
        image = sitk.GetImageFromArray(np.ascontiguousarray(self.data.T, dtype=np.float32))
        affine = _RAS_TO_LPS @ self.affine
        spacing = np.linalg.norm(affine[:3, :3], axis=0)
        image.SetSpacing(spacing.tolist())
        image.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
        image.SetOrigin(affine[:3, 3].tolist())
        return image

    def _interpolate(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(
            ndimage.map_coordinates(self.data, index.T, order=1, mode="nearest", output=np.float64)
        )

    def _inside(self, index: NDArray[np.float64]) -> NDArray[np.bool_]:
        # A voxel reaches half its size beyond its centre.
        return np.all((index >= -0.5) & (index <= np.array(self.data.shape) - 0.5), axis=1)


def to_index(points: NDArray[np.float64], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map ``(N, 3)`` points in RAS millimetres to voxel indices of a grid with ``affine``."""
    return transform_points(points, np.asarray(np.linalg.inv(affine), dtype=np.float64))


def transform_points(points: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply a ``(4, 4)`` matrix to ``(N, 3)`` points."""
    # einsum and not matmul: a BLAS sums in another order on another number of threads.
    return np.einsum("nk,jk->nj", points, matrix[:3, :3]) + matrix[:3, 3]


def ras_matrix(transform: sitk.Transform) -> NDArray[np.float64]:
    """Give an ITK transform, which is linear, as a ``(4, 4)`` matrix between RAS millimetres."""
    points = [transform.TransformPoint(point) for point in [[0.0] * 3, *np.eye(3).tolist()]]
    matrix = np.eye(4)
    matrix[:3, 3] = points[0]
    matrix[:3, :3] = (np.array(points[1:]) - points[0]).T
    return _RAS_TO_LPS @ matrix @ _RAS_TO_LPS


def itk_transform(matrix: NDArray[np.float64]) -> sitk.AffineTransform:
    """Inverse of ``ras_matrix``."""
    lps = _RAS_TO_LPS @ matrix @ _RAS_TO_LPS
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(lps[:3, :3].ravel().tolist())
    transform.SetTranslation(lps[:3, 3].tolist())
    return transform
