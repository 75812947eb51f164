"""Contrasts computed from relaxation maps, as BIDS derivatives."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.provenance import package_versions
from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.io.nifti import load_nifti, save_nifti
from taskgan_ext.mr.file_names import contrast_file_name
from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.signal import synthesise

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
        DataError: there are no maps or those of several subjects, they differ in shape, or are not in s.
    """
    found = sorted(file for file in folder.glob("*_T1map.nii*") if not file.name.startswith("."))
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise DataError(
            f"{folder}: expected one *_T1map.nii.gz, found {names}; give the folder of one subject"
        )
    name, _, ending = found[0].name.partition("_T1map")
    volumes, affines = zip(
        *(load_nifti(folder / f"{name}_{suffix}{ending}") for suffix in ("T1map", "T2map", "PDmap")),
        strict=True,
    )
    shapes = [volume.shape for volume in volumes]
    if len(set(shapes)) > 1:
        raise DataError(f"{folder}: expected maps of {name} on one grid, got the shapes {shapes}")
    if max(float(np.percentile(volume, 90)) for volume in volumes[:2]) > LONGEST_SECONDS:
        raise DataError(f"{folder}: expected T1 and T2 maps of {name} in s, but the values look like ms")
    sidecar = folder / f"{name}.json"
    table = read_json(sidecar).get("protocols", {}) if sidecar.is_file() else {}
    protocols = {contrast: Protocol(**times) for contrast, times in table.items()}
    t1, t2, pd = volumes
    return SubjectMaps(name, t1, t2, pd, affines[0], protocols)


def write_synthesised(maps: SubjectMaps, protocols: Mapping[str, Protocol], out: Path) -> list[Path]:
    """Synthesise contrasts and write each as NIfTI with a JSON sidecar.

    Args:
        maps: of the subject.
        protocols: contrast to times.
        out: folder to write.

    Returns:
        The written volumes.

    Raises:
        DataError: a contrast has no known name.
    """
    names = {contrast: contrast_file_name(maps.name, contrast) for contrast in protocols}
    for contrast, protocol in protocols.items():
        image = synthesise(maps.t1, maps.t2, maps.pd, protocol)
        save_nifti(image, maps.affine, out / names[contrast])
        write_json(out / f"{names[contrast].removesuffix('.nii.gz')}.json", _sidecar(contrast, protocol))
    return [out / name for name in names.values()]


def _sidecar(contrast: str, protocol: Protocol) -> dict[str, object]:
    times = {
        "RepetitionTime": protocol.repetition_time,
        "EchoTime": protocol.echo_time,
        "InversionTime": protocol.inversion_time,
    }
    return {
        "Contrast": contrast,
        **{name: time for name, time in times.items() if time is not None},
        "Units": "arbitrary",
        "SynthesisMethod": "physics only",
        "Description": "Computed from T1, T2 and PD maps by the signal equation; no network was used",
        "versions": package_versions(("taskgan-ext", "numpy")),
    }
