"""From a scanner's files to one subject of a cohort."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.existing_output import check_absent
from preprocessing.folder_lock import locked, made_folder
from preprocessing.imported_datalist import check_can_hold
from preprocessing.mr.contrast_import import ImportedContrast, import_contrast, write_contrast_checkerboard
from preprocessing.mr.import_request import ImportRequest
from preprocessing.mr.label_file import read_labels
from preprocessing.mr.mr_subjects import MR_SUBJECTS
from preprocessing.mr.registration_record import RegistrationRecord
from preprocessing.mr.subject_files import write_prepared
from preprocessing.mr.volume import Volume
from preprocessing.subject_exchange import exchange_subject, undo_killed_imports
from taskgan_ext.io.atomic import write_json
from taskgan_ext.mr.prepared_subject import PreparedSubject, prepare_subject
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols
from taskgan_ext.mr.reader.read import read_mdme
from taskgan_ext.mr.tissue_classes import REGION_CODES


@dataclass(frozen=True)
class ImportResult:
    """What an import has done.

    Attributes:
        folder: of the subject.
        records: contrast to what the registration did.
        notices: what the user should know about the maps and the times of the scans, one text each.
        other_frames: contrasts that were not scanned in the frame of the MDME images.
        lesion_share: share of the lesion mask that lies in the brain; ``None`` where there is no mask, or no
            lesion in it.
        datalist: the data list, or ``None`` where no subject of the folder has a contrast.
    """

    folder: Path
    records: Mapping[str, RegistrationRecord]
    notices: tuple[str, ...]
    other_frames: tuple[str, ...]
    lesion_share: float | None
    datalist: Mapping[str, Any] | None


@dataclass(frozen=True)
class _Lesions:
    """Lesions in the brain, ``(X, Y, Z)``, and what share of the mask they are; ``None`` of an empty one."""

    mask: NDArray[np.bool_]
    share: float | None


def import_subject(request: ImportRequest, show_progress: bool = True) -> ImportResult:
    """Read, register and write one subject, and put it into the data list of its folder.

    Everything is written beside the target and moved there at the end: after an error the folder is as it
    was, and what a kill has left is undone by the next import. Others that write to the folder have to wait
    for the end of this import only while it writes.

    Args:
        request: what to do.
        show_progress: draw a bar on stderr.

    Raises:
        TaskGANError: files are missing or wrong, or the subject is there or does not fit into the folder.
        OSError: the folder cannot be made or written.
    """
    with made_folder(request.out):
        with locked(request.out):
            _make_ready(request)  # what cannot go in is told before the long work
        return _import(request, show_progress)


def _import(request: ImportRequest, show_progress: bool) -> ImportResult:
    table = load_protocols() | (load_protocols(request.protocols) if request.protocols else {})
    names = [name for name in CONTRASTS if name in request.contrasts]
    with tqdm(total=len(names) + 3, unit="step", disable=not show_progress) as bar:
        step = _stepper(bar)
        step("reading MDME images")
        image = read_mdme(
            request.mdme,
            delays=request.delays,
            echo_times=request.echo_times,
            repetition_time=request.repetition_time,
        )
        grid = Volume(np.zeros(image.signal.shape[:3], dtype=np.float32), image.affine)
        brain = read_labels(request.brain, grid, {}) if request.brain else None
        step("fitting maps")
        prepared = prepare_subject(image, brain)
        contrasts = {}
        for name in names:
            step(f"registering {name}" if request.register else f"reading {name}")
            contrasts[name] = import_contrast(
                name, request.contrasts[name], prepared, table[name], request.register
            )
        # Nothing is learnt or measured where one of the scans shows nothing.
        brain = np.logical_and.reduce([prepared.brain, *(c.covered for c in contrasts.values())])
        prepared = replace(prepared, brain=brain)
        lesions = _read_lesions(request, grid, contrasts, brain)
        step("writing")
        with locked(request.out):
            _make_ready(request)
            datalist = exchange_subject(
                request.out,
                request.subject,
                partial(
                    _write,
                    request=request,
                    prepared=prepared,
                    contrasts=contrasts,
                    lesions=lesions,
                    table=table,
                ),
                request.section,
                MR_SUBJECTS,
            )
        bar.update()
    return ImportResult(
        folder=request.out / request.subject,
        records={name: contrast.record for name, contrast in contrasts.items()},
        notices=(*prepared.notices(), *(text for c in contrasts.values() for text in c.notices)),
        other_frames=tuple(name for name in names if contrasts[name].same_frame is False),
        lesion_share=None if lesions is None else lesions.share,
        datalist=datalist,
    )


def _make_ready(request: ImportRequest) -> None:
    """Put the folder in order and check that it can take the subject; the caller holds its lock."""
    undo_killed_imports(request.out, MR_SUBJECTS)
    check_can_hold(request.out, request.subject, request.section, MR_SUBJECTS)
    check_absent([request.out / request.subject], request.overwrite, "another name with --subject")


def _read_lesions(
    request: ImportRequest,
    grid: Volume,
    contrasts: Mapping[str, ImportedContrast],
    brain: NDArray[np.bool_],
) -> _Lesions | None:
    if request.lesions is None:
        return None
    drawn_on = {name: (contrast.scan, contrast.matrix) for name, contrast in contrasts.items()}
    mask = read_labels(request.lesions, grid, drawn_on)
    return _Lesions(mask & brain, float((mask & brain).sum() / mask.sum()) if mask.any() else None)


def _write(
    folder: Path,
    request: ImportRequest,
    prepared: PreparedSubject,
    contrasts: Mapping[str, ImportedContrast],
    lesions: _Lesions | None,
    table: Mapping[str, Protocol],
) -> None:
    name = request.subject
    for contrast, imported in contrasts.items():
        picture = folder / name / f"{name}_{contrast}_checkerboard.png"
        write_contrast_checkerboard(picture, imported, prepared)
    records = {contrast: imported.record.to_dict() for contrast, imported in contrasts.items()}
    write_json(folder / name / f"{name}_registration.json", records)
    write_prepared(
        folder,
        name,
        prepared,
        {contrast: imported.volume for contrast, imported in contrasts.items()},
        regions=None if lesions is None else lesions.mask * np.uint8(REGION_CODES["lesion"]),
        extra={
            "brain_mask_from": "maps" if request.brain is None else "user",
            "lesions_from": "nowhere" if lesions is None else "user",
            "has_lesions": None if lesions is None else bool(lesions.mask.any()),
            "protocols_from": {contrast: imported.protocol_from for contrast, imported in contrasts.items()},
            "registered": {contrast: imported.record.accepted for contrast, imported in contrasts.items()},
        },
        protocols=table,
    )


def _stepper(bar: tqdm) -> Callable[[str], None]:
    """A function that names the step that begins and counts the one that ends with it."""
    begun: list[str] = []

    def step(name: str) -> None:
        if begun:
            bar.update()
        begun.append(name)
        bar.set_description(name)

    return step
