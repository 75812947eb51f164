"""Where a simulated image lies."""

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.valuerep import format_number_as_ds

from taskgan_ext.dicom.geometry import lps_to_ras
from taskgan_ext.errors import DataError


def add_plane(image: Dataset, affine: NDArray[np.float64], slice_index: int) -> None:
    """Place an image in the scanner (Image Plane Module, PS3.3 C.7.6.2).

    Args:
        image: to add the elements to.
        affine: ``(4, 4)``, voxel index to RAS millimetres, axes perpendicular.
        slice_index: along the third axis.

    Raises:
        DataError: the axes are not perpendicular.
    """
    lps = lps_to_ras(affine)
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    axes = lps[:3, :3] / spacing
    if not np.allclose(axes.T @ axes, np.eye(3), atol=1e-3):
        raise DataError(f"DICOM export: expected an affine with perpendicular axes, got {affine.tolist()}")
    position = lps[:3, 3] + slice_index * lps[:3, 2]
    image.ImagePositionPatient = list(map(decimal, position))
    image.ImageOrientationPatient = list(map(decimal, axes[:, :2].T.ravel()))
    image.PixelSpacing = [decimal(spacing[1]), decimal(spacing[0])]
    image.SliceThickness = image.SpacingBetweenSlices = decimal(spacing[2])


def decimal(value: float) -> str:
    """A number as a decimal string of at most 16 characters (PS3.5 section 6.2)."""
    return format_number_as_ds(float(value))
