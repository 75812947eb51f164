"""NIfTI volumes as float32 arrays with an affine in mm."""

import os

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.atomic import atomic_path
from taskgan_ext.io.nifti_gate import check_nifti
from taskgan_ext.io.nifti_voxels import read_voxels


def save_nifti(
    volume: NDArray[np.generic], affine: NDArray[np.float64], path: str | os.PathLike[str]
) -> None:
    """Write a volume in scanner coordinates, whole or not at all; the same volume gives the same bytes.

    Args:
        volume: array of shape ``(X, Y, Z)``; float64 is stored as float32, other types as they are.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        path: ends in ``.nii`` or ``.nii.gz``.
    """
    data = volume.astype(np.float32) if volume.dtype == np.float64 else volume
    image = nib.Nifti1Image(data, affine)
    image.header.set_xyzt_units("mm", "sec")
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    with atomic_path(path) as temporary:
        nib.save(image, temporary)


def load_nifti(
    path: str | os.PathLike[str], allow_nonfinite: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Read a volume through the gate.

    Args:
        path: ``.nii`` or ``.nii.gz``.
        allow_nonfinite: give NaN and infinite values instead of refusing them; only for a caller that says
            what it makes of them.

    Returns:
        The volume as float32 of shape ``(X, Y, Z)``, or of whatever axes the file has, and its ``(4, 4)``
        affine to RAS millimetres.

    Raises:
        RefusedSeries: the file is missing, is no NIfTI volume of real numbers, or is refused by the gate.
    """
    header = check_nifti(path)
    if header.is_complex:
        raise RefusedSeries(
            "pixel_format",
            f"{header.path}: expected a NIfTI volume of real numbers, got complex ones; save their magnitude",
        )
    return np.asarray(read_voxels(header, allow_nonfinite), dtype=np.float32), header.affine
