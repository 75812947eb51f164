"""What the header of a NIfTI file says of its voxels, and whether that is possible."""

import struct
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.nifti1 import data_type_codes
from numpy.typing import NDArray

from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.nifti_geometry import read_affine

HEADER_BYTES = 540
"""Length of the longer of the two kinds of header, that of NIfTI-2."""
MAX_VOLUME_BYTES = 2 * 1024**3
"""Largest volume that is read, stored or as float32, whichever is longer: 812 cubed voxels."""
MAX_OFFSET = 64 * 1024**2
"""Extensions between header and voxels may take this much."""
SPACE_UNITS = 0x07
"""Bits of xyzt_units that tell the unit of lengths (nifti1.h)."""
MILLIMETRES = (0, 2)
"""Unknown, and millimetres."""

_KINDS = {348: (nib.Nifti1Header, b"n+1\0"), 540: (nib.Nifti2Header, b"n+2\0")}


@dataclass(frozen=True)
class NiftiHeader:
    """The header of a NIfTI file that passed the gate.

    Attributes:
        path: the file.
        raw: its fields, as nibabel names them.
        shape: lengths of the axes, two to seven.
        dtype: of a stored voxel, with its byte order.
        offset: bytes before the voxels.
        slope: a value is ``stored * slope + inter``.
        inter: see ``slope``.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
    """

    path: Path
    raw: nib.Nifti1Header
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    offset: int
    slope: float
    inter: float
    affine: NDArray[np.float64]

    @property
    def num_bytes(self) -> int:
        """Length of the stored voxels."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize

    @property
    def is_complex(self) -> bool:
        """Whether the voxels are complex numbers."""
        return self.dtype.kind == "c"


def parse_header(block: bytes, path: Path) -> NiftiHeader:
    """Read a header and check its numbers.

    Args:
        block: the first ``HEADER_BYTES`` of the file, inflated, or fewer where it is shorter.
        path: the file, for messages.

    Raises:
        RefusedSeries: ``not_nifti``, ``pixel_format``, ``dimensions``, ``too_large``, ``offset_invalid``,
            ``slope_invalid``, ``number_invalid``, ``units_unsupported``, or one of the geometry.
    """
    raw = _parse(block, path)
    dtype = _dtype(raw, path)
    shape = _shape(raw, dtype, path)
    slope, inter = _scale(raw, path)
    _check_lengths(raw, path)
    return NiftiHeader(
        path, raw, shape, dtype, _offset(raw, path), slope, inter, read_affine(raw, shape, path)
    )


def _parse(block: bytes, path: Path) -> nib.Nifti1Header:
    for length, (kind, magic) in _KINDS.items():
        for order in "<>":
            if block.startswith(struct.pack(f"{order}i", length)) and len(block) >= length:
                raw = kind(block[:length], endianness=order, check=False)
                if raw["magic"].tobytes() == magic:
                    return raw
    raise RefusedSeries(
        "not_nifti",
        f"{path}: expected a NIfTI volume in one file, but it cannot be read as one: it begins with another "
        "length of the header or another magic number; convert the image to .nii or .nii.gz again",
    )


def _dtype(raw: nib.Nifti1Header, path: Path) -> np.dtype[np.generic]:
    code = int(raw["datatype"])
    dtype = np.dtype(data_type_codes.dtype[code]) if code in data_type_codes.value_set() else None
    if dtype is None or dtype.kind not in "iufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise RefusedSeries(
            "pixel_format",
            f"{path}: expected a NIfTI volume of whole numbers, or of real or complex ones in single or "
            f"double precision, got data type {code}; save it as float32",
        )
    return dtype.newbyteorder(raw.endianness)


def _shape(raw: nib.Nifti1Header, dtype: np.dtype[np.generic], path: Path) -> tuple[int, ...]:
    lengths = [int(length) for length in raw["dim"]]
    shape = tuple(lengths[1 : 1 + max(lengths[0], 0)])
    if not 2 <= lengths[0] <= 7 or min(shape) < 1:
        raise RefusedSeries(
            "dimensions",
            f"{path}: expected a NIfTI volume of two to seven axes with one voxel or more, got "
            f"{lengths[0]} axes of {shape}; the header is damaged, convert the image again",
        )
    needed = int(np.prod(shape, dtype=object)) * max(dtype.itemsize, 4)
    if needed > MAX_VOLUME_BYTES:
        raise RefusedSeries(
            "too_large",
            f"{path}: expected a NIfTI volume of at most {MAX_VOLUME_BYTES >> 20} MiB, but its header "
            f"announces {needed >> 20} MiB {shape}; cut or resample it, or convert it again if it is smaller",
        )
    return shape


def _offset(raw: nib.Nifti1Header, path: Path) -> int:
    stored, first = float(raw["vox_offset"]), int(raw.single_vox_offset)
    # Zero stands for the smallest offset, as nibabel and nifti_clib read it.
    if stored != 0 and not (first <= stored <= MAX_OFFSET and stored.is_integer()):
        raise RefusedSeries(
            "offset_invalid",
            f"{path}: expected a NIfTI volume that begins at a byte from {first} to {MAX_OFFSET}, got "
            f"vox_offset {stored:g}; the header is damaged, convert the image again",
        )
    return int(stored) or first


def _scale(raw: nib.Nifti1Header, path: Path) -> tuple[float, float]:
    slope, inter = float(raw["scl_slope"]), float(raw["scl_inter"])
    if not (np.isfinite(slope) and np.isfinite(inter)) or slope == 0:
        # The standard lets 0 stand for 'not scaled'. A scale that was lost looks the same and gives wrong
        # values in silence, so whoever wrote the file has to say which it is.
        raise RefusedSeries(
            "slope_invalid",
            f"{path}: expected a NIfTI volume whose scale is finite and not zero, got scl_slope "
            f"{slope:g} and scl_inter {inter:g}; if the values are right as they are stored, write it "
            "again with scl_slope 1, which nibabel does: nibabel.save(nibabel.load(OLD), NEW)",
        )
    return slope, inter


def _check_lengths(raw: nib.Nifti1Header, path: Path) -> None:
    """Lengths are millimetres, or of a unit that the file does not tell, as many writers leave it."""
    code = int(raw["xyzt_units"]) & SPACE_UNITS
    if code not in MILLIMETRES:
        told = {1: "metres", 3: "micrometres"}.get(code, f"the unknown code {code}")
        raise RefusedSeries(
            "units_unsupported",
            f"{path}: expected a NIfTI volume with lengths in millimetres, but xyzt_units says {told}; "
            "convert pixdim and the affine to millimetres",
        )
