"""From the files of a site to one low-dose and full-dose pair of a cohort."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.deidentify.headers import deidentify_headers
from preprocessing.deidentify.secret_key import read_key
from preprocessing.existing_output import check_absent
from preprocessing.folder_lock import locked, made_folder
from preprocessing.imported_datalist import all_items, check_can_hold
from preprocessing.pet.import_request import PetImportRequest
from preprocessing.pet.imported_files import PET_SUBJECTS, LowDose, write_imported
from preprocessing.pet.pair_check import check_pair, same_grid
from preprocessing.pet.pair_picture import write_pair_picture
from preprocessing.pet.pet_image import PetImage, read_pet, scan_facts
from preprocessing.same_person import file_digests
from preprocessing.subject_exchange import exchange_subject, undo_killed_imports
from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import load_nifti
from taskgan_ext.keys import SUBJECT

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
    images, notices = dict[str, PetImage](), list[str]()
    paths = {"full": request.full, **request.low}
    for name, path in tqdm(paths.items(), desc="reading", unit="image", disable=not show_progress):
        what = f"{name} dose" if name in ("full", "low") else name
        images[name] = read_pet(path, what, suv=request.suv, series_uid=request.series.get(name))
        _check_content(images[name], path)
        notices += images[name].notices
    full = images.pop("full")
    for name, image in images.items():
        notices += check_pair(image, full, request.low[name], request.full)
    _check_different(images, request.low)
    low = {name: _scaled(image, request, request.low[name]) for name, image in images.items()}
    regions = None if request.regions is None else _read_regions(request.regions, full)
    return _Pair(full, low, regions), tuple(dict.fromkeys(notices))


def _check_content(image: PetImage, path: Path) -> None:
    if not image.volume.max() > max(float(image.volume.min()), 0.0):
        raise DataError(f"{path}: expected an image with different values, some above 0, but all are alike")


def _check_different(low: Mapping[str, PetImage], paths: Mapping[str, Path]) -> None:
    for first, second in combinations(low, 2):
        if np.array_equal(low[first].volume, low[second].volume):
            raise DataError(
                f"{paths[second]}: expected another low-dose image than {paths[first]}, but they are equal "
                "in every voxel; give each realisation once"
            )


def _scaled(image: PetImage, request: PetImportRequest, path: Path) -> PetImage:
    with np.errstate(over="ignore"):
        volume = image.volume * np.float32(request.low_scale)
    if not np.isfinite(volume).all():
        raise DataError(
            f"{path}: expected values that are finite after --low-scale {request.low_scale:g}, got others; "
            "give a smaller one"
        )
    return replace(image, volume=volume)


def _read_regions(path: Path, full: PetImage) -> NDArray[np.uint8]:
    labels, affine = load_nifti(path)
    if not same_grid(full, labels.shape, affine):
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
    _check_person(folder, request)


def _check_person(folder: Path, request: PetImportRequest) -> None:
    """Refuse a subject, as it was just written, that has an image of another one of the cohort."""
    others = file_digests(item for item in all_items(request.out) if item[SUBJECT] != request.subject)
    for digest in file_digests(PET_SUBJECTS.list_items(folder, request.subject)):
        if digest in others:
            raise DataError(
                f"{request.out}: expected images of another person, but {request.subject} has an image of "
                f"{others[digest]}, byte by byte; one person under two names could be in training and test"
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
