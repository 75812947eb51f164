"""Faulty NIfTI files by name, each with the code that a refusal of it has."""

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2.5, 0, -126], [0, 0, 3, -72], [0, 0, 0, 1]])
BOMB_MIB = 200


def valid_nifti(dtype: str = "float32", shape: tuple[int, ...] = (6, 5, 4)) -> bytes:
    """A small volume of random numbers as it is written by nibabel, sform and qform set."""
    values = np.random.default_rng(0).uniform(1, 100, shape).astype(dtype)
    image = nib.Nifti1Image(values, AFFINE)
    image.set_sform(AFFINE, code="scanner")
    image.set_qform(AFFINE, code="scanner")
    return image.to_bytes()


def patched(content: bytes, **fields: object) -> bytes:
    """Change fields of a header, by nibabel's names."""
    header = nib.Nifti1Header(content[:348], check=False)
    for name, value in fields.items():
        header.structarr[name] = value
    return header.binaryblock + content[348:]


@dataclass(frozen=True)
class Fault:
    """A faulty file.

    Attributes:
        code: of the refusal.
        make: gives its bytes.
        ending: of its name.
    """

    code: str
    make: Callable[[], bytes]
    ending: str = ".nii"

    def write(self, folder: Path, stem: str = "faulty") -> Path:
        """Write the file into a folder."""
        path = folder / f"{stem}{self.ending}"
        path.write_bytes(self.make())
        return path


def _header(code: str, **fields: object) -> Fault:
    return Fault(code, lambda: patched(valid_nifti(), **fields))


def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _voxel(value: float) -> bytes:
    content = valid_nifti()
    return content[:-4] + struct.pack("<f", value)


def bomb(num_mib: int = BOMB_MIB, level: int = 9) -> bytes:
    """Zeros in gzip, with a header that announces them."""
    header = patched(valid_nifti()[:352], dim=[3, 1024, 1024, num_mib // 4, 1, 1, 1, 1])
    return gzip.compress(header + bytes(num_mib << 20), compresslevel=level, mtime=0)


def _moved_qform() -> bytes:
    return patched(valid_nifti(), qoffset_x=70)


FAULTS = {
    "truncated": Fault("truncated", lambda: valid_nifti()[:-100]),
    "truncated gzip": Fault("truncated", lambda: _compressed(valid_nifti())[:-100], ".nii.gz"),
    "bad data type": _header("pixel_format", datatype=7777),
    "negative axis": _header("dimensions", dim=[3, 6, -5, 4, 1, 1, 1, 1]),
    "huge axes": _header("too_large", dim=[3, 32767, 32767, 32767, 1, 1, 1, 1]),
    "bad start of the voxels": _header("offset_invalid", vox_offset=17),
    "bad magic": _header("not_nifti", magic=b"bad"),
    "slope NaN": _header("slope_invalid", scl_slope=np.nan),
    "slope infinite": _header("slope_invalid", scl_slope=np.inf),
    "slope zero": _header("slope_invalid", scl_slope=0),
    "voxel NaN": Fault("nonfinite", lambda: _voxel(np.nan)),
    "sform NaN": _header("geometry_invalid", srow_y=np.nan),
    "sform zero": _header("geometry_invalid", srow_x=0, srow_y=0, srow_z=0),
    "size of a voxel zero": _header("number_invalid", pixdim=[1, 0, 0, 0, 1, 1, 1, 1]),
    "no form": _header("geometry_missing", sform_code=0, qform_code=0),
    "two places": Fault("geometry_conflict", _moved_qform),
    "gzip bomb": Fault("too_large", bomb, ".nii.gz"),
}
"""The 17 kinds of fault that the gate was made for; MONAI's NibabelReader accepts eleven of them."""

MORE_FAULTS = {
    "empty": Fault("not_nifti", lambda: b""),
    "text": Fault("not_nifti", lambda: b"no image", ".nii.gz"),
    "pair of files": _header("not_nifti", magic=b"ni1"),
    "not inflated": Fault("not_nifti", valid_nifti, ".nii.gz"),
    "inflated twice": Fault("not_nifti", lambda: _compressed(valid_nifti())),
    "another ending": Fault("not_nifti", valid_nifti, ".img"),
    "header cut": Fault("not_nifti", lambda: valid_nifti()[:200]),
    "damaged gzip": Fault(
        "truncated", lambda: (good := _compressed(valid_nifti()))[:-8] + b"\0\0\0\0" + good[-4:], ".nii.gz"
    ),
    "bomb behind a small header": Fault(
        "too_large", lambda: _compressed(valid_nifti() + bytes(2 << 20)), ".nii.gz"
    ),
    "more than the header says": Fault("too_large", lambda: valid_nifti() + bytes(2 << 20)),
    "bomb of the lowest level": Fault("too_large", lambda: bomb(level=1), ".nii.gz"),
    "colour": _header("pixel_format", datatype=128),
    "quadruple precision": _header("pixel_format", datatype=1536),
    "no axis": _header("dimensions", dim=0),
    "nine axes": _header("dimensions", dim=[9, 6, 5, 4, 1, 1, 1, 1]),
    "axis of no voxel": _header("dimensions", dim=[3, 6, 0, 4, 1, 1, 1, 1]),
    "start far behind": _header("offset_invalid", vox_offset=1e30),
    "start NaN": _header("offset_invalid", vox_offset=np.nan),
    "intercept NaN": _header("slope_invalid", scl_inter=np.nan),
    "voxel infinite": Fault("nonfinite", lambda: _voxel(np.inf)),
    "voxel beyond float32": Fault(
        "nonfinite", lambda: valid_nifti("float64")[:-8] + struct.pack("<d", 1e300)
    ),
    "voxel negative in size": _header("number_invalid", pixdim=[1, -2, 2.5, 3, 1, 1, 1, 1]),
    "flat sform": _header("geometry_invalid", srow_z=[0, 2.5, 0, 0]),
    "qform longer than one": _header("geometry_invalid", sform_code=0, quatern_b=1, quatern_c=1),
    "qform NaN": _header("geometry_invalid", quatern_b=np.nan),
    "lengths in metres": _header("units_unsupported", xyzt_units=1),
    "lengths in micrometres": _header("units_unsupported", xyzt_units=3 | 8),
    "lengths in no known unit": _header("units_unsupported", xyzt_units=5),
    "size of a voxel contradicts": _header("geometry_invalid", pixdim=[1, 2, 2.5, 5, 1, 1, 1, 1]),
    "left and right swapped": _header("geometry_conflict", srow_x=[2, 0, 0, 90]),
}
"""Further ones."""
