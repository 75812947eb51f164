"""From a scanner's files to one subject of a cohort."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.mr.contrast_import import ImportedContrast, import_contrast, write_contrast_checkerboard
from preprocessing.mr.import_request import ImportRequest
from preprocessing.mr.imported_mask import read_mask
from preprocessing.mr.mr_datalist import check_can_hold, update_datalist
from preprocessing.mr.prepared_subject import PreparedSubject, prepare_subject
from preprocessing.mr.registration_record import RegistrationRecord
from preprocessing.mr.subject_files import list_items, write_prepared
from preprocessing.mr.volume import Volume
from taskgan_ext.io.atomic import write_json
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols
from taskgan_ext.mr.reader.read import read_mdme
from taskgan_ext.mr.tissue_classes import REGION_CODES


@dataclass(frozen=True)
class ImportResult:
    """What an import has done.

    Attributes:
        folder: of the subject.
        records: contrast to what the registration did.
        table_protocols: contrasts whose times were taken from the table.
        other_frames: contrasts that were not scanned in the frame of the MDME images.
        datalist: the data list, or ``None`` where no subject of the folder has a contrast.
    """

    folder: Path
    records: Mapping[str, RegistrationRecord]
    table_protocols: tuple[str, ...]
    other_frames: tuple[str, ...]
    datalist: Mapping[str, Any] | None


def import_subject(request: ImportRequest, show_progress: bool = True) -> ImportResult:
    """Read, register and write one subject, and put it into the data list of its folder.

    Everything is written beside the target and moved there at the end: after an error the folder is as it
    was.

    Args:
        request: what to do.
        show_progress: draw a bar on stderr.

    Raises:
        TaskGANError: files are missing or wrong, or the subject does not fit into the folder.
    """
    check_can_hold(request.out, request.subject, request.section)
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
        brain = read_mask(request.brain, grid, {}) if request.brain else None
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
        lesions = read_mask(request.lesions, grid, contrasts) if request.lesions else None
        step("writing")
        with _staging(request.out, request.subject) as staging:
            _write(staging, request, prepared, contrasts, lesions, table)
            with _replaced(request.out / request.subject, staging / request.subject):
                items = list_items(request.out, request.subject)
                datalist = update_datalist(request.out, request.subject, items, request.section)
        bar.update()
    return ImportResult(
        folder=request.out / request.subject,
        records={name: contrast.record for name, contrast in contrasts.items()},
        table_protocols=tuple(name for name in names if contrasts[name].protocol_from == "table"),
        other_frames=tuple(name for name in names if contrasts[name].same_frame is False),
        datalist=datalist,
    )


def _write(
    folder: Path,
    request: ImportRequest,
    prepared: PreparedSubject,
    contrasts: Mapping[str, ImportedContrast],
    lesions: NDArray[np.bool_] | None,
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
        regions=None if lesions is None else np.where(lesions, REGION_CODES["lesion"], 0).astype(np.uint8),
        extra={
            "brain_mask_from": "maps" if request.brain is None else "user",
            "lesions_from": "nowhere" if lesions is None else "user",
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


@contextmanager
def _staging(out: Path, name: str) -> Iterator[Path]:
    """A folder beside the target that is gone afterwards; ``out`` too, if it was made for nothing."""
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".importing-{name}-", dir=out))
    try:
        yield staging
    finally:
        shutil.rmtree(staging)
        if new and not any(out.iterdir()):
            out.rmdir()


@contextmanager
def _replaced(target: Path, source: Path) -> Iterator[None]:
    """Put ``source`` in the place of ``target``; after an error in the block, ``target`` is as it was."""
    old = source.with_name(source.name + ".old")
    if target.exists():
        target.rename(old)
    source.rename(target)
    try:
        yield
    except BaseException:
        target.rename(source)
        if old.exists():
            old.rename(target)
        raise
