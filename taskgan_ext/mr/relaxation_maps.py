"""Relaxation maps in memory and on disk."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import load_nifti, save_nifti

INPUT_MAPS = ("T1map", "T2map", "PDmap")
"""The maps that an item of a data list names, in this order; a subject's folder also holds ``TB1map``."""


@dataclass(frozen=True)
class Maps:
    """Maps of one subject, each of shape ``(X, Y, Z)``, 0 where nothing was fitted.

    Attributes:
        t1: T1 in s.
        t2: T2 in s.
        pd: proton density times the receive field, in the unit of the signal.
        b1: transmit field as a fraction of the nominal field.
    """

    t1: NDArray[np.float32]
    t2: NDArray[np.float32]
    pd: NDArray[np.float32]
    b1: NDArray[np.float32]


# Suffix and unit of each map in BIDS (quantitative MRI appendix).
_FILES = {
    "t1": ("T1map", "s", "Longitudinal relaxation time"),
    "t2": ("T2map", "s", "Transverse relaxation time"),
    "pd": ("PDmap", "arbitrary", "Proton density times the receive field"),
    "b1": ("TB1map", "arbitrary", "Transmit field as a fraction of the nominal flip angle"),
}


def map_path(folder: str | os.PathLike[str], name: str, which: str) -> Path:
    """Path of one map, for example ``sub-001_T1map.nii.gz``.

    Args:
        folder: of the subject.
        name: of the subject.
        which: ``t1``, ``t2``, ``pd`` or ``b1``.
    """
    return Path(folder) / f"{name}_{_FILES[which][0]}.nii.gz"


def write_maps(maps: Maps, affine: NDArray[np.float64], folder: str | os.PathLike[str], name: str) -> None:
    """Write the maps as ``<name>_T1map.nii.gz``, ``_T2map``, ``_PDmap`` and ``_TB1map``, each with its JSON.

    Args:
        maps: to write.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        folder: of the subject.
        name: of the subject.
    """
    for which, (suffix, units, description) in _FILES.items():
        save_nifti(getattr(maps, which), affine, map_path(folder, name, which))
        write_json(Path(folder) / f"{name}_{suffix}.json", {"Units": units, "Description": description})


def read_maps(folder: str | os.PathLike[str], name: str) -> Maps:
    """Read what ``write_maps`` wrote.

    Args:
        folder: of the subject.
        name: of the subject.

    Returns:
        The maps.

    Raises:
        DataError: a map is missing or cannot be read, or the maps differ in shape or place.
    """
    volumes, _ = load_on_one_grid([map_path(folder, name, which) for which in _FILES])
    return Maps(**dict(zip(_FILES, volumes, strict=True)))


def load_on_one_grid(paths: Sequence[Path]) -> tuple[list[NDArray[np.float32]], NDArray[np.float64]]:
    """Load maps that belong together.

    Args:
        paths: NIfTI files.

    Returns:
        The volumes, NaN as 0, and their affine ``(4, 4)``, voxel index to RAS millimetres.

    Raises:
        DataError: a map is missing or cannot be read, or the maps differ in shape or place.
    """
    volumes, affines = zip(*(load_nifti(path, allow_nonfinite=True) for path in paths), strict=True)
    for path, volume, affine in zip(paths, volumes, affines, strict=True):
        if volume.shape != volumes[0].shape or not np.allclose(affine, affines[0], atol=1e-3):
            raise DataError(
                f"expected maps on one grid, but {paths[0]} has shape {volumes[0].shape} and affine "
                f"{affines[0].round(3).tolist()}, and {path} {volume.shape} and {affine.round(3).tolist()}"
            )
    # Some software writes NaN where it has nothing to say.
    return [np.where(np.isnan(volume), np.float32(0), volume) for volume in volumes], affines[0]
