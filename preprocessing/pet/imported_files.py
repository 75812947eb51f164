"""An imported PET subject on disk: its pair, its sidecar, its picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.provenance import package_versions
from preprocessing.subject_kind import SubjectKind
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.keys import CASE, IMAGE, LABEL, PROPERTY, REGIONS, SUBJECT

AMYLOID_STATUS: Mapping[str, Any] = {
    "name": "amyloid_status",
    "type": "binary",
    "classes": ["negative", "positive"],
}
"""The property of the paper's PET experiment: 1 is positive."""
_PACKAGES = ("taskgan-ext", "numpy", "nibabel", "pydicom")


@dataclass(frozen=True)
class LowDose:
    """A low-dose image of a subject.

    Attributes:
        volume: ``(X, Y, Z)``, on the grid and in the unit of the full dose.
        facts: what its item in the data list says besides, such as the dose fraction.
    """

    volume: NDArray[np.float32]
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_imported(
    folder: Path,
    name: str,
    affine: NDArray[np.float64],
    full: NDArray[np.float32],
    low: Mapping[str, LowDose],
    *,
    value: float,
    regions: NDArray[np.uint8] | None = None,
    facts: Mapping[str, Any],
) -> None:
    """Write the files of a subject to ``folder / name``; the sidecar comes last and marks it as complete.

    Args:
        folder: folder of the cohort.
        name: of the subject, for example ``sub-01``.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        full: full dose, ``(X, Y, Z)``.
        low: name, such as ``low`` or ``dose-01``, to low-dose image.
        value: the property y, from 0 to 1.
        regions: codes of ``docs/data.md``, or ``None``.
        facts: further JSON-serialisable facts for the sidecar, without anything that names a person.
    """
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    volumes: dict[str, NDArray[np.generic]] = {f"{name}_full.nii.gz": full}
    volumes |= {f"{name}_{part}.nii.gz": image.volume for part, image in low.items()}
    if regions is not None:
        volumes[f"{name}_regions.nii.gz"] = regions
    for file, volume in volumes.items():
        save_nifti(volume, affine, target / file)
    write_json(
        target / f"{name}.json",
        {
            SUBJECT: name,
            PROPERTY: value,
            "full": f"{name}_full.nii.gz",
            "low": {f"{name}_{part}.nii.gz": dict(image.facts) for part, image in low.items()},
            REGIONS: None if regions is None else f"{name}_regions.nii.gz",
            **facts,
            "sha256": {file: sha256(target / file) for file in volumes},
            "versions": package_versions(_PACKAGES),
        },
    )


def is_complete(folder: Path, name: str) -> bool:
    """Whether a subject's sidecar and every file that it names are there.

    Args:
        folder: folder of the cohort.
        name: of the subject.
    """
    sidecar = folder / name / f"{name}.json"
    return sidecar.is_file() and all(
        (sidecar.parent / file).is_file() for file in read_json(sidecar)["sha256"]
    )


def list_items(folder: Path, name: str) -> list[dict[str, Any]]:
    """Items of the data list from one complete subject, one per low-dose volume.

    Args:
        folder: folder of the cohort; the paths are relative to it.
        name: of the subject.
    """
    sidecar = read_json(folder / name / f"{name}.json")
    full, regions, digests = sidecar["full"], sidecar[REGIONS], sidecar["sha256"]
    return [
        {
            IMAGE: f"{name}/{file}",
            LABEL: f"{name}/{full}",
            **({} if regions is None else {REGIONS: f"{name}/{regions}"}),
            PROPERTY: sidecar[PROPERTY],
            SUBJECT: name,
            CASE: file.removesuffix(".nii.gz"),
            **low,
            "sha256": [digests[file], digests[full]],
        }
        for file, low in sidecar["low"].items()
    ]


PET_SUBJECTS = SubjectKind(
    name="imported PET",
    description="Low-dose (image) and full-dose (label) PET of the same scan",
    modality="PET",
    property_info=AMYLOID_STATUS,
    list_items=list_items,
    is_complete=is_complete,
)
