"""One MR subject on disk: MDME images, maps, masks, conventional contrasts and a sidecar, written last."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.collect import STRATUM
from preprocessing.provenance import package_versions
from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.keys import CASE, CONTRAST, IMAGE, LABEL, MAPS, MASK, PROPERTY, PROTOCOL, REGIONS, SUBJECT
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.prepared_files import write_prepared_files
from taskgan_ext.mr.prepared_subject import PreparedSubject, prepare_subject
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols
from taskgan_ext.mr.relaxation_maps import INPUT_MAPS
from taskgan_ext.mr.tissue_classes import REGION_CODES, tissue_classes, white_matter_border

_PACKAGES = ("taskgan-ext", "numpy", "scipy", "nibabel", "pydicom", "SimpleITK")
WITH_LESIONS, WITHOUT_LESIONS = "with lesions", "without lesions"


@dataclass(frozen=True)
class ContrastVolume:
    """A conventional contrast on the grid of the MDME images.

    Attributes:
        data: ``(X, Y, Z)``, magnitude in the scanner's own units.
        protocol: the times it was acquired with.
    """

    data: NDArray[np.float32]
    protocol: Protocol


def write_subject(
    folder: Path,
    name: str,
    image: MDMEImage,
    contrasts: Mapping[str, ContrastVolume],
    *,
    brain: NDArray[np.bool_] | None = None,
    regions: NDArray[np.uint8] | None = None,
    extra: Mapping[str, Any] | None = None,
    protocols: Mapping[str, Protocol] | None = None,
) -> None:
    """Prepare a subject and write its files to ``folder / name``.

    Args:
        folder: folder of the cohort.
        name: of the subject, for example ``sub-001``.
        image: the MDME acquisition, complex, magnitude or signed.
        contrasts: see ``write_prepared``.
        brain: brain mask ``(X, Y, Z)``; by default found in the maps.
        regions: see ``write_prepared``.
        extra: see ``write_prepared``.
        protocols: see ``write_prepared``.

    Raises:
        DataError: a contrast has no known name, an array is on another grid, the sign of the signal cannot
            be told, or no brain is found.
    """
    prepared = prepare_subject(image, brain)
    write_prepared(folder, name, prepared, contrasts, regions=regions, extra=extra, protocols=protocols)


def write_prepared(
    folder: Path,
    name: str,
    prepared: PreparedSubject,
    contrasts: Mapping[str, ContrastVolume],
    *,
    regions: NDArray[np.uint8] | None = None,
    extra: Mapping[str, Any] | None = None,
    protocols: Mapping[str, Protocol] | None = None,
) -> None:
    """Write the files of a prepared subject to ``folder / name``.

    The sidecar comes last and marks the subject as complete. The same input gives the same bytes.

    Args:
        folder: folder of the cohort.
        name: of the subject.
        prepared: the MDME acquisition with its maps and brain mask.
        contrasts: name to volume; none where the subject is there for inference only.
        regions: codes of ``REGION_CODES``, ``(X, Y, Z)``; voxels of the brain without a code get theirs from
            the maps, so that a map of lesions alone is enough.
        extra: further JSON-serialisable facts for the sidecar, under ``extra``.
        protocols: times of contrasts that were not scanned, for their synthesis; by default the built-in
            table.

    Raises:
        DataError: a contrast has no known name, or an array is on another grid.
    """
    _check_parts(name, prepared.brain.shape, contrasts, regions)
    image, target = prepared.image, folder / name
    found = tissue_classes(prepared.maps, prepared.brain, image.field_strength)
    sidecar = target / f"{name}.json"
    sidecar.unlink(missing_ok=True)  # until it is written again the subject counts as incomplete
    write_prepared_files(prepared, target, name)
    volumes: dict[str, NDArray[np.generic]] = {
        REGIONS: found if regions is None else np.where(regions > 0, regions, found).astype(np.uint8),
        **{contrast: volume.data.astype(np.float32) for contrast, volume in contrasts.items()},
    }
    for part, volume in volumes.items():
        save_nifti(volume, image.affine, target / f"{name}_{part}.nii.gz")
    parts = ("mdme", MASK, *volumes, *INPUT_MAPS, "TB1map")
    table = dict(load_protocols() if protocols is None else protocols)
    table |= {contrast: volume.protocol for contrast, volume in contrasts.items()}
    write_json(
        sidecar,
        {
            SUBJECT: name,
            "sequence": image.sequence.to_dict(),
            "delays_from": image.delays_from,
            "signal_was": prepared.signal_was,
            "fit": prepared.quality.to_dict(),
            "field_strength": image.field_strength,
            "white_matter_border": round(white_matter_border(image.field_strength), 4),
            "contrasts": [contrast for contrast in CONTRASTS if contrast in contrasts],
            "protocols": {contrast: protocol.to_dict() for contrast, protocol in table.items()},
            "region_codes": REGION_CODES,
            "extra": dict(extra or {}),
            "sha256": {file: sha256(target / file) for file in (f"{name}_{part}.nii.gz" for part in parts)},
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
    """Items of the data list from one complete subject, one per scanned contrast.

    Args:
        folder: folder of the cohort; the paths are relative to it.
        name: of the subject.

    Returns:
        Items in the order of ``CONTRASTS``; ``protocol`` is ``[TR, TE, TI]`` in s, TI 0 without inversion.
        ``stratum`` tells whether the subject has lesions; it is missing where that is not known.
    """
    sidecar = read_json(folder / name / f"{name}.json")
    digests = sidecar["sha256"]
    has_lesions = _has_lesions(sidecar["extra"])
    stratum = {} if has_lesions is None else {STRATUM: WITH_LESIONS if has_lesions else WITHOUT_LESIONS}

    def file(part: str) -> str:
        return f"{name}/{name}_{part}.nii.gz"

    return [
        {
            IMAGE: file("mdme"),
            MAPS: [file(part) for part in INPUT_MAPS],
            LABEL: file(contrast),
            MASK: file(MASK),
            REGIONS: file(REGIONS),
            PROPERTY: CONTRASTS.index(contrast),
            CONTRAST: contrast,
            PROTOCOL: [
                sidecar["protocols"][contrast][time] or 0.0
                for time in ("repetition_time", "echo_time", "inversion_time")
            ],
            SUBJECT: name,
            CASE: f"{name}_{contrast}",
            "sha256": [digests[f"{name}_{part}.nii.gz"] for part in ("mdme", contrast)],
            **stratum,
        }
        for contrast in sidecar["contrasts"]
    ]


def is_simulated(folder: Path, name: str) -> bool:
    """Whether a complete subject was simulated.

    Args:
        folder: folder of the cohort.
        name: of the subject.
    """
    return "simulated" in read_json(folder / name / f"{name}.json")["extra"]


def _has_lesions(extra: Mapping[str, Any]) -> bool | None:
    """A simulation knows it, a scan has a lesion mask or not."""
    known = extra["truth"]["patient"] if "truth" in extra else extra.get("has_lesions")
    return None if known is None else bool(known)


def _check_parts(
    name: str,
    grid: tuple[int, ...],
    contrasts: Mapping[str, ContrastVolume],
    regions: NDArray[np.uint8] | None,
) -> None:
    unknown = [contrast for contrast in contrasts if contrast not in CONTRASTS]
    if unknown:
        raise DataError(f"{name}: expected contrasts among {', '.join(CONTRASTS)}, got {', '.join(unknown)}")
    shapes = {contrast: volume.data.shape for contrast, volume in contrasts.items()}
    for part, shape in (shapes if regions is None else shapes | {REGIONS: regions.shape}).items():
        if shape != grid:
            raise DataError(f"{name}: expected {part} on the MDME grid {grid}, got shape {shape}")
