"""Relaxation maps in memory and on disk."""

import os
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
        DataError: a map is missing or cannot be read, or the maps differ in shape.
    """
    volumes = {which: load_nifti(map_path(folder, name, which))[0] for which in _FILES}
    shapes = {which: volume.shape for which, volume in volumes.items()}
    if len(set(shapes.values())) > 1:
        raise DataError(f"{folder}: expected maps of {name} on one grid, got the shapes {shapes}")
    return Maps(**volumes)
