"""Contrasts computed from relaxation maps, as BIDS derivatives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.existing_output import check_absent
from preprocessing.mr.synthesis_recipe import Recipe
from preprocessing.provenance import package_versions
from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.mr.protocol import Protocol, parse_protocols
from taskgan_ext.mr.relaxation_maps import INPUT_MAPS, load_on_one_grid

LONGEST_SECONDS = 60.0
"""No tissue has a T1 near this; a map beyond it is in ms."""


@dataclass(frozen=True)
class SubjectMaps:
    """Maps of one subject, as they are on disk.

    Attributes:
        name: what their file names begin with.
        t1: ``(X, Y, Z)`` in s.
        t2: ``(X, Y, Z)`` in s.
        pd: ``(X, Y, Z)``, in any unit.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        protocols: times that the subject's contrasts were scanned with; empty where they are not known.
    """

    name: str
    t1: NDArray[np.float32]
    t2: NDArray[np.float32]
    pd: NDArray[np.float32]
    affine: NDArray[np.float64]
    protocols: Mapping[str, Protocol]


def read_subject_maps(folder: Path) -> SubjectMaps:
    """Read the maps of a prepared subject, or any maps with the names of BIDS.

    Args:
        folder: holds one ``*_T1map.nii.gz`` (or ``.nii``) with ``T2map`` and ``PDmap`` of the same name.

    Raises:
        DataError: there are no maps or those of several subjects, they differ in shape or place, hold nothing
            or infinite values, or are not in s.
    """
    found = sorted(file for file in folder.glob("*_T1map.nii*") if not file.name.startswith("."))
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise DataError(
            f"{folder}: expected one *_T1map.nii.gz, found {names}; give the folder of one subject"
        )
    name, _, ending = found[0].name.partition("_T1map")
    paths = [folder / f"{name}_{suffix}{ending}" for suffix in INPUT_MAPS]
    volumes, affine = load_on_one_grid(paths)
    for path, volume in zip(paths, volumes, strict=True):
        if not np.isfinite(volume).all() or not (volume > 0).any():
            raise DataError(f"{path}: expected a map with finite values above 0")
    # Of the head alone: it may fill a small part of the volume.
    if max(float(np.percentile(volume[volume > 0], 90)) for volume in volumes[:2]) > LONGEST_SECONDS:
        raise DataError(f"{folder}: expected T1 and T2 maps of {name} in s, but the values look like ms")
    sidecar = folder / f"{name}.json"
    table = read_json(sidecar).get("protocols", {}) if sidecar.is_file() else {}
    t1, t2, pd = volumes
    return SubjectMaps(name, t1, t2, pd, affine, parse_protocols(table, sidecar))


def write_synthesised(
    maps: SubjectMaps, recipes: Sequence[Recipe], out: Path, overwrite: bool = False
) -> list[Path]:
    """Synthesise images and write each as NIfTI with a JSON sidecar.

    Args:
        maps: of the subject.
        recipes: images to compute, each with a file name of its own.
        out: folder to write.
        overwrite: replace files that are there.

    Returns:
        The written volumes.

    Raises:
        DataError: a contrast has no known name, or a file is there and not to be replaced.
    """
    paths = [out / recipe.file_name(maps.name) for recipe in recipes]
    check_absent(paths, overwrite)
    for recipe, path in zip(recipes, paths, strict=True):
        save_nifti(recipe.image(maps.t1, maps.t2, maps.pd), maps.affine, path)
        write_json(path.with_name(f"{path.name.removesuffix('.nii.gz')}.json"), _sidecar(recipe))
    return paths


def _sidecar(recipe: Recipe) -> dict[str, object]:
    return {
        **recipe.sidecar(),
        "Units": "arbitrary",
        "SynthesisMethod": "physics only",
        "Description": "Computed from T1, T2 and PD maps by the signal equation; no network was used",
        "versions": package_versions(("taskgan-ext", "numpy")),
    }
