"""A real head for the simulator: tissue fractions from a file."""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from preprocessing.mr.anatomy import INFLOW, Anatomy
from preprocessing.mr.soft_shapes import Field
from preprocessing.mr.tissues import CSF, DGM, GM, LES, TISSUES, WM
from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import load_nifti

_TOLERANCE = 0.01  # of sums and borders; maps stored as integers are rounded
_SURFACE_MM = 12.0  # fluid closer to the border of the brain than this lies in sulci, the rest in ventricles


def load_tissue_maps(path: str | os.PathLike[str]) -> Anatomy:
    """Read the fractions of tissues; their grid becomes that of the images, slices along the third axis.

    Args:
        path: NIfTI, ``(X, Y, Z, 9)``: white matter, grey matter, fluid, deep grey matter, lesion, fat,
            muscle, bone marrow and blood; 0..1, adding up to 1 or less (the rest is air and compact bone).

    Raises:
        DataError: there is no such file, or it holds something else.
    """
    data, affine = _load(Path(path))
    fractions = np.ascontiguousarray(np.moveaxis(np.clip(data, 0, 1), 3, 0))
    fractions /= np.maximum(fractions.sum(axis=0), 1)
    patient = bool((fractions[LES] > 0.5).any())
    truth = {"tissue_maps": Path(path).name, "patient": patient, "num_lesions": _count(fractions[LES])}
    return Anatomy(fractions, _inflow(fractions, affine), affine, slice_voxels=1, truth=truth)


def check_tissue_maps(paths: Iterable[Path]) -> None:
    """Refuse files that ``load_tissue_maps`` would refuse, before anything is made of the others.

    Args:
        paths: NIfTI files.

    Raises:
        DataError: one of them is no file of tissue maps.
    """
    for path in paths:
        _load(path)


def _load(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    data, affine = load_nifti(path)
    _check(data, path)
    return data, affine


def _check(data: NDArray[np.float32], path: Path) -> None:
    order = " ".join(TISSUES)
    expected = f"{path}: expected tissue fractions (X, Y, Z, {len(TISSUES)}) in the order {order}"
    if data.ndim != 4 or data.shape[3] != len(TISSUES):
        raise DataError(f"{expected}, got shape {data.shape}")
    low, high, total = float(data.min()), float(data.max()), float(data.sum(axis=3).max())
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        raise DataError(
            f"{expected}, each 0..1, got values from {low:.4g} to {high:.4g}; divide by their scale"
        )
    if total > 1 + _TOLERANCE:
        raise DataError(f"{expected}, adding up to 1 or less, got a voxel with a sum of {total:.4g}")
    if not (data[..., [WM, GM, DGM]].sum(axis=3) > 0.5).any():
        raise DataError(f"{expected}, got no voxel that is brain tissue; check the order")


def _count(lesion: Field) -> int:
    _, number = ndimage.label(lesion > 0.5)
    return int(number)


def _inflow(fractions: Field, affine: NDArray[np.float64]) -> Field:
    brain = fractions[[WM, GM, CSF, DGM, LES]].sum(axis=0) > 0.5
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    # A slab is open at its ends: only the way out within a slice counts.
    depth = np.stack(
        [ndimage.distance_transform_edt(brain[..., z], sampling=spacing[:2]) for z in range(brain.shape[2])],
        axis=-1,
    )
    rate = INFLOW["anywhere"] + np.where(depth < _SURFACE_MM, INFLOW["surface"], INFLOW["ventricle"])
    return (rate * fractions[CSF]).astype(np.float32)
