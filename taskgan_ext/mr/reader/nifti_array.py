"""NIfTI arrays whose complex values stay complex and whose place in the scanner is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json

ENDINGS = (".nii.gz", ".nii")


@dataclass(frozen=True)
class NiftiArray:
    """The array of a NIfTI file.

    Attributes:
        path: its file.
        data: complex64 where the file is complex, else float32.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
    """

    path: Path
    data: NDArray[np.complex64] | NDArray[np.float32]
    affine: NDArray[np.float64]

    @property
    def is_complex(self) -> bool:
        """Whether the file holds complex numbers."""
        return bool(np.iscomplexobj(self.data))


def is_nifti(path: Path) -> bool:
    """Whether a file is a NIfTI file by its name; one that starts with a dot was never finished."""
    return path.name.endswith(ENDINGS) and not path.name.startswith(".") and path.is_file()


def stem_of(path: Path) -> str:
    """The name of a NIfTI file without its ending."""
    return path.name.removesuffix(".gz").removesuffix(".nii")


def read_sidecar(path: Path) -> dict[str, Any]:
    """Read the JSON file of the same stem beside a NIfTI file; empty where there is none.

    Raises:
        DataError: it is no JSON object.
    """
    sidecar = path.with_name(f"{stem_of(path)}.json")
    return read_json(sidecar) if sidecar.is_file() else {}


def sidecar_number(sidecar: dict[str, Any], key: str, path: Path) -> float | None:
    """Give a number of a sidecar; ``None`` where it is missing.

    Args:
        sidecar: from ``read_sidecar``.
        key: a BIDS name.
        path: of the image, for the message.

    Raises:
        DataError: the value is no number.
    """
    value = sidecar.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DataError(f"JSON beside {path}: expected one number (times in s) as {key}, got {value!r}")
    return float(value)


def read_nifti(path: Path, allow_nan: bool = False) -> NiftiArray:
    """Read a file; complex numbers keep both of their parts.

    Args:
        path: ``.nii`` or ``.nii.gz``.
        allow_nan: take NaN, where some software has nothing to say, as 0.

    Raises:
        DataError: it cannot be read, does not tell its place in the scanner, or holds values that are not
            finite.
    """
    try:
        image = nib.load(path)
        complex_ = np.issubdtype(image.get_data_dtype(), np.complexfloating)
        stored = np.asarray(image.dataobj)
        data = stored.astype(np.complex64) if complex_ else stored.astype(np.float32)
    except FileNotFoundError:
        raise DataError(f"{path}: expected a NIfTI file, found none") from None
    except (ImageFileError, EOFError, OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: expected a NIfTI file, but it cannot be read ({error})") from None
    if allow_nan:
        data[np.isnan(data)] = 0
    affine = np.asarray(image.affine, dtype=np.float64)
    if not (image.header["sform_code"] > 0 or image.header["qform_code"] > 0):
        raise DataError(
            f"{path}: the file does not tell where it lies in the scanner (sform and qform codes are 0), so "
            "that left and right are unknown; convert the images again"
        )
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise DataError(f"{path}: expected an affine that can be inverted, got {affine.tolist()}")
    if not np.isfinite(data).all():
        raise DataError(
            f"{path}: {np.count_nonzero(~np.isfinite(data))} values are not finite; set them to 0"
        )
    return NiftiArray(path, data, affine)
