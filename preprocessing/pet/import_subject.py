"""From the files of a site to one low-dose and full-dose pair of a cohort."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.deidentify.headers import deidentify_headers
from preprocessing.deidentify.secret_key import read_key
from preprocessing.existing_output import check_absent
from preprocessing.folder_lock import locked, made_folder
from preprocessing.imported_datalist import check_can_hold
from preprocessing.pet.import_request import PetImportRequest
from preprocessing.pet.imported_files import PET_SUBJECTS, LowDose, write_imported
from preprocessing.pet.pair_picture import write_pair_picture
from preprocessing.pet.pet_image import PetImage, read_pet, scan_facts
from preprocessing.subject_exchange import exchange_subject, undo_killed_imports
from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import load_nifti

GRID_TOLERANCE_MM = 1e-2
"""As when a pair is loaded for training."""
PLAUSIBLE_RATIO = (0.5, 2.0)
"""Of the means of the low-dose and the full-dose image."""


@dataclass(frozen=True)
class PetImportResult:
    """What an import has done.

    Attributes:
        folder: of the subject.
        unit: of the volumes.
        mean_ratio: low-dose name to the mean of that image as a share of the mean of the full dose.
        shape: of the volumes.
        notices: what the user should know, one text each.
        deidentification: image to what was done to its header; none of NIfTI files.
        datalist: the data list.
    """

    folder: Path
    unit: str
    mean_ratio: Mapping[str, float]
    shape: tuple[int, ...]
    notices: tuple[str, ...]
    deidentification: Mapping[str, Any]
    datalist: Mapping[str, Any]


@dataclass(frozen=True)
class _Pair:
    full: PetImage
    low: Mapping[str, PetImage]
    regions: NDArray[np.uint8] | None


def import_subject(request: PetImportRequest, show_progress: bool = True) -> PetImportResult:
    """Read, check and write one subject, and put it into the data list of its folder.

    Everything is written beside the target and moved there at the end: after an error the folder is as it
    was, and what a kill has left is undone by the next import.

    Args:
        request: what to do.
        show_progress: draw a bar on stderr.

    Raises:
        TaskGANError: files are missing, refused or do not fit one another, or the subject is there.
        OSError: the folder cannot be made or written.
    """
    with made_folder(request.out):
        with locked(request.out):
            _make_ready(request)  # what cannot go in is told before the long work
        pair, notices = _read_pair(request, show_progress)
        key = None if request.keep_identity else read_key(request.key_file)
        facts, report = _describe(pair, request, key)
        with locked(request.out):
            _make_ready(request)
            write = partial(_write, request=request, pair=pair, facts=facts, report=report)
            datalist = exchange_subject(request.out, request.subject, write, request.section, PET_SUBJECTS)
    assert datalist is not None  # a subject of this kind has at least one item
    ratios = {name: _mean_ratio(image, pair.full) for name, image in pair.low.items()}
    return PetImportResult(
        folder=request.out / request.subject,
        unit=pair.full.unit,
        mean_ratio=ratios,
        shape=pair.full.volume.shape,
        notices=(*notices, *_ratio_notices(ratios)),
        deidentification=report,
        datalist=datalist,
    )


def _make_ready(request: PetImportRequest) -> None:
    """Put the folder in order and check that it can take the subject; the caller holds its lock."""
    undo_killed_imports(request.out, PET_SUBJECTS)
    check_can_hold(request.out, request.subject, request.section, PET_SUBJECTS)
    check_absent([request.out / request.subject], request.overwrite, "another name with --subject")


def _read_pair(request: PetImportRequest, show_progress: bool) -> tuple[_Pair, tuple[str, ...]]:
    images = {}
    paths = {"full": request.full, **request.low}
    for name, path in tqdm(paths.items(), desc="reading", unit="image", disable=not show_progress):
        images[name] = read_pet(path, f"{name} dose" if name in ("full", "low") else name, suv=request.suv)
        _check_content(images[name], path)
    full = images.pop("full")
    for name, image in images.items():
        _check_fits(image, full, request.low[name], request.full)
        image.volume[...] *= np.float32(request.low_scale)
    regions = None if request.regions is None else _read_regions(request.regions, full)
    notices = dict.fromkeys(text for image in (full, *images.values()) for text in image.notices)
    return _Pair(full, images, regions), tuple(notices)


def _check_content(image: PetImage, path: Path) -> None:
    if not image.volume.max() > max(float(image.volume.min()), 0.0):
        raise DataError(f"{path}: expected an image with different values, some above 0, but all are alike")


def _check_fits(low: PetImage, full: PetImage, low_path: Path, full_path: Path) -> None:
    if low.volume.shape != full.volume.shape or not np.allclose(
        low.affine, full.affine, rtol=0, atol=GRID_TOLERANCE_MM
    ):
        raise DataError(
            f"{low_path}: expected the grid of {full_path}, {full.volume.shape} with affine "
            f"{np.round(full.affine, 3).tolist()}, got {low.volume.shape} with "
            f"{np.round(low.affine, 3).tolist()}; reconstruct both on one grid"
        )
    if low.unit != full.unit:
        raise DataError(f"{low_path}: expected the unit of {full_path}, {full.unit}, got {low.unit}")
    if np.array_equal(low.volume, full.volume):
        raise DataError(f"{low_path}: expected a low-dose image, but it equals {full_path} in every voxel")


def _read_regions(path: Path, full: PetImage) -> NDArray[np.uint8]:
    labels, affine = load_nifti(path)
    if labels.shape != full.volume.shape or not np.allclose(
        affine, full.affine, rtol=0, atol=GRID_TOLERANCE_MM
    ):
        raise DataError(f"{path}: expected regions on the grid of the images, got {labels.shape}")
    codes = labels.astype(np.uint8)
    if not np.array_equal(codes, labels):
        raise DataError(f"{path}: expected whole region codes from 0 to 255, got other values")
    return codes


def _describe(
    pair: _Pair, request: PetImportRequest, key: bytes | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the sidecar tells of the scan, and what was taken out of the headers."""
    facts: dict[str, Any] = {
        "units": pair.full.unit,
        "imported": True,
        "low_scale": request.low_scale,
        "mean_ratio": {name: round(_mean_ratio(image, pair.full), 6) for name, image in pair.low.items()},
        "scan": {},
        "source": {},
    }
    report: dict[str, Any] = {}
    for name, image in {"full": pair.full, **pair.low}.items():
        if not image.headers:
            continue
        headers = image.headers
        if key is not None:
            headers, report[name] = deidentify_headers(headers, key, request.subject)
        facts["scan"][name] = dict(scan_facts(headers[0]))
        facts["source"][name] = {
            keyword: str(headers[0].get(keyword, ""))
            for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
        }
        if key is None:
            facts["source"][name]["StudyDate"] = str(headers[0].get("StudyDate", ""))
    return facts, report


def _write(
    folder: Path,
    request: PetImportRequest,
    pair: _Pair,
    facts: Mapping[str, Any],
    report: Mapping[str, Any],
) -> None:
    name = request.subject
    low = {part: LowDose(image.volume) for part, image in pair.low.items()}
    write_pair_picture(
        folder / name / f"{name}_pair.png",
        [pair.full.volume, *(image.volume for image in low.values())],
        pair.full.affine,
    )
    if report:
        write_json(folder / name / f"{name}_deidentification.json", report)
    write_imported(
        folder,
        name,
        pair.full.affine,
        pair.full.volume,
        low,
        value=request.value,
        regions=pair.regions,
        facts=facts,
    )


def _mean_ratio(low: PetImage, full: PetImage) -> float:
    """Mean activity of the low dose as a share of that of the full dose."""
    return float(low.volume.mean(dtype=np.float64) / full.volume.mean(dtype=np.float64))


def _ratio_notices(ratios: Mapping[str, float]) -> list[str]:
    return [
        f"the mean of {name} is {ratio:.3g} times that of the full dose; where its reconstruction was not "
        f"told the dose fraction, give --low-scale {1 / ratio:.3g}"
        if ratio > 0
        else f"the mean of {name} is not positive; look at the picture"
        for name, ratio in ratios.items()
        if not PLAUSIBLE_RATIO[0] <= ratio <= PLAUSIBLE_RATIO[1]
    ]
