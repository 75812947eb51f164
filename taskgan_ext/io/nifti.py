"""NIfTI volumes as float32 arrays with an affine in mm."""

import contextlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import atomic_path


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


def load_nifti(path: str | os.PathLike[str]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Read a volume.

    Args:
        path: a NIfTI file.

    Returns:
        The volume as float32 of shape ``(X, Y, Z)`` and its ``(4, 4)`` affine to RAS millimetres.

    Raises:
        DataError: the file is missing or is no NIfTI volume.
    """
    image = open_nifti(path)
    with _readable(Path(path)):
        return np.asarray(image.dataobj, dtype=np.float32), image.affine.astype(np.float64)


def open_nifti(path: str | os.PathLike[str]) -> nib.Nifti1Image:
    """Read the header of a volume.

    Args:
        path: a NIfTI file.

    Returns:
        The image, whose voxels are still in the file.

    Raises:
        DataError: the file is missing or is no NIfTI volume.
    """
    path = Path(path)
    with _readable(path):
        return nib.load(path)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say which file it is that cannot be read: truncated, damaged, of another kind, or not there."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path}: expected a NIfTI volume, found no file") from None
    except (ImageFileError, HeaderDataError, EOFError, OSError, ValueError, zlib.error) as error:
        raise DataError(f"{path}: expected a NIfTI volume, but it cannot be read ({error})") from None
