"""A conventional scan or a mask on the grid of the MDME images."""

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name in its manual
from numpy.typing import NDArray

from preprocessing.mr.volume import Volume, itk_transform


def resample(moving: Volume, fixed: Volume, matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bring a scan to the grid of the MDME images, in one interpolation by cubic B-splines.

    Where the scan's voxels are much smaller than those of the grid it is smoothed to their size first, so
    that a thick slice is compared with an average over its thickness and not with its middle.

    Args:
        moving: the conventional scan.
        fixed: gives the grid.
        matrix: as ``register`` gives it.

    Returns:
        ``(X, Y, Z)``, not negative (splines undershoot beside edges); 0 outside the scan's field of view.
    """
    image = moving.to_itk()
    wanted = np.abs(_directions(moving).T @ _directions(fixed)) @ np.array(fixed.to_itk().GetSpacing())
    for axis, (size, target) in enumerate(zip(image.GetSpacing(), wanted, strict=True)):
        if target > 1.5 * size:
            # The variance of a box is its width squared over 12.
            sigma = float(np.sqrt((target**2 - size**2) / 12))
            order = sitk.RecursiveGaussianImageFilter.ZeroOrder
            image = sitk.RecursiveGaussian(image, sigma, False, order, axis)
    result = sitk.Resample(image, fixed.to_itk(), itk_transform(matrix), sitk.sitkBSpline, 0.0)
    return np.maximum(sitk.GetArrayFromImage(result).T, 0).astype(np.float32)


def resample_labels(labels: Volume, fixed: Volume, matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Bring a mask to the grid of the MDME images by its nearest voxels.

    Args:
        labels: the mask, true where not 0.
        fixed: gives the grid.
        matrix: from RAS millimetres of ``fixed`` to those of ``labels``.
    """
    image = Volume((labels.data != 0).astype(np.float32), labels.affine).to_itk()
    result = sitk.Resample(image, fixed.to_itk(), itk_transform(matrix), sitk.sitkNearestNeighbor, 0.0)
    return np.asarray(sitk.GetArrayFromImage(result).T > 0.5)


def _directions(volume: Volume) -> NDArray[np.float64]:
    return volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0)
