"""Where a NIfTI volume lies in the scanner, if its header says so without contradicting itself."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.quaternions import fillpositive
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from taskgan_ext.errors import RefusedSeries

SIZE_TOLERANCE = 0.01
"""Share by which the voxel size may differ between pixdim and the affine."""
FLATTEST = 1e-3
"""Smallest volume of the unit vectors along the axes; below it they lie in one plane."""


def read_affine(raw: nib.Nifti1Header, shape: Sequence[int], path: Path) -> NDArray[np.float64]:
    """Give the affine of a header, of the sform where it has one.

    Sform and qform must agree where both have a code: readers differ in which one they prefer. A qform cannot
    shear, so it is compared with the rotation that comes closest to the sform. The tolerance at the corners
    is a tenth of the smallest side of a voxel and a thousandth of the diagonal of the volume: quaternions are
    stored in single precision, and half a turn loses half of its digits.

    Args:
        raw: fields of the header, as nibabel names them.
        shape: lengths of the axes.
        path: the file, for messages.

    Returns:
        ``(4, 4)``, voxel index to RAS millimetres.

    Raises:
        RefusedSeries: ``number_invalid`` for a voxel size, ``geometry_missing``, ``geometry_invalid`` or
            ``geometry_conflict``.
    """
    size = np.asarray(raw["pixdim"][1 : 1 + min(len(shape), 3)], dtype=np.float64)
    if not (np.isfinite(size).all() and (size > 0).all()):
        raise RefusedSeries(
            "number_invalid",
            f"{path}: expected a NIfTI volume with sides of voxels above 0 mm, got pixdim {size.tolist()}; "
            "convert the image again",
        )
    forms = {name: _form(raw, name, path) for name in ("sform", "qform") if raw[f"{name}_code"] > 0}
    if not forms:
        raise RefusedSeries(
            "geometry_missing",
            f"{path}: expected a NIfTI volume with its place, but the file does not tell where it lies in "
            "the scanner (sform and qform codes are 0), so that left and right are unknown; convert it again",
        )
    for name, form in forms.items():
        _check_size(form, size, name, path)
    if len(forms) == 2:
        _check_agreement(forms["sform"], forms["qform"], shape, path)
    return forms["sform"] if "sform" in forms else forms["qform"]


def _form(raw: nib.Nifti1Header, name: str, path: Path) -> NDArray[np.float64]:
    try:
        with np.errstate(all="ignore"):
            form = np.asarray(raw.get_sform() if name == "sform" else _qform(raw), dtype=np.float64)
            sides = np.linalg.norm(form[:3, :3], axis=0)
            flat = not np.isfinite(form).all() or abs(np.linalg.det(form[:3, :3] / sides)) < FLATTEST
    except (HeaderDataError, ValueError) as error:
        raise _invalid(path, f"the {name} cannot be computed ({error})") from None
    if not sides.all() or flat:
        raise _invalid(path, f"got the {name} {form[:3].tolist()}")
    return form


def _qform(raw: nib.Nifti1Header) -> NDArray[np.float64]:
    stored = np.array([raw[f"quatern_{axis}"] for axis in "bcd"], dtype=np.float64)
    if not np.isfinite(stored).all():
        raise ValueError("its quaternion is not finite")
    fillpositive(stored, w2_thresh=-1e-5)  # raises where it is longer than 1; writers round
    return raw.get_qform(coded=False)


def _check_size(form: NDArray[np.float64], size: NDArray[np.float64], name: str, path: Path) -> None:
    sides = np.linalg.norm(form[:3, : len(size)], axis=0)
    if not np.allclose(sides, size, rtol=SIZE_TOLERANCE, atol=0):
        raise _invalid(
            path,
            f"the {name} makes a voxel {np.round(sides, 4).tolist()} mm large, but pixdim says "
            f"{np.round(size, 4).tolist()}",
        )


def _check_agreement(
    sform: NDArray[np.float64], qform: NDArray[np.float64], shape: Sequence[int], path: Path
) -> None:
    sides = np.linalg.norm(sform[:3, :3], axis=0)
    left, _, right = np.linalg.svd(sform[:3, :3] / sides)
    closest = sform.copy()
    closest[:3, :3] = left @ right * sides
    last = [*(length - 1 for length in shape[:3]), 0][:3]
    corners = np.array([[*corner, 1] for corner in product(*((-0.5, end + 0.5) for end in last))])
    apart = float(np.linalg.norm(corners @ (closest - qform).T, axis=1).max())
    diagonal = float(np.linalg.norm((np.array(last) + 1) * sides))
    if apart > 0.1 * sides.min() + 1e-3 * diagonal:
        raise RefusedSeries(
            "geometry_conflict",
            f"{path}: expected a NIfTI volume in one place, but sform and qform put a corner of it "
            f"{apart:.3g} mm apart; keep the right one and copy it over the other (FSL: fslorient "
            "-copysform2qform or -copyqform2sform)",
        )


def _invalid(path: Path, found: str) -> RefusedSeries:
    return RefusedSeries(
        "geometry_invalid",
        f"{path}: expected a NIfTI volume whose affine is finite, can be inverted and fits the voxel size, "
        f"but {found}; convert the image again",
    )
