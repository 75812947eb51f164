"""NIfTI arrays whose complex values stay complex and whose place in the scanner is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.nifti_gate import check_nifti
from taskgan_ext.io.nifti_voxels import check_finite, read_voxels

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
        RefusedSeries: the gate refuses the file, or it holds values that are not finite.
    """
    header = check_nifti(path)
    data = read_voxels(header, allow_nonfinite=allow_nan)
    if allow_nan:
        data[np.isnan(data)] = 0
        check_finite(data, path)
    return NiftiArray(path, data, header.affine)
