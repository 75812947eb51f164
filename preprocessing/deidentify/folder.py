"""A folder of DICOM images without the identity of their patients: whole, or not there at all."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset
from tqdm import tqdm

from preprocessing.deidentify.data_set import Changes
from preprocessing.deidentify.gate import Listed, list_images, read_image
from preprocessing.deidentify.headers import OPTIONS, deidentify_header, summary
from preprocessing.deidentify.image_file import read_stored, write_image
from preprocessing.deidentify.pseudonyms import Pseudonyms
from preprocessing.deidentify.suv_outcome import check_same, suv_outcome
from preprocessing.provenance import package_versions
from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.errors import ConfigError, DataError, RefusedSeries
from taskgan_ext.io.atomic import TEMPORARY, naming_file, write_json

REPORT_FILE = "deidentification.json"


@dataclass(frozen=True)
class Deidentified:
    """What was written.

    Attributes:
        subjects: names that stand for the patients.
        num_images: of all series.
        series: for each of them its folder, modality and number of images, and for PET how SUV is found.
        changes: element to what was done with it, to how often.
    """

    subjects: tuple[str, ...]
    num_images: int
    series: Sequence[Mapping[str, Any]]
    changes: Mapping[str, Mapping[str, int]]


def deidentify_folder(
    source: Path, out: Path, key: bytes, subject: str | None = None, show_progress: bool = True
) -> Deidentified:
    """De-identify all PET and MR images of a folder.

    All files are checked before the first is written. Names of files and folders are made from the key.

    Args:
        source: searched with its subfolders.
        out: folder to make, or an empty one: one folder per series, and ``deidentification.json``.
        key: secret, as ``read_key`` gives it.
        subject: name to put in the place of the patient's; by default one made from the key and PatientID.
        show_progress: draw a bar on stderr.

    Returns:
        What was written.

    Raises:
        ConfigError: ``out`` lies in ``source``, or a name was given for several patients.
        DataError: ``out`` is not empty.
        RefusedSeries: files are refused, all of them named, or SUV of a series is not what it was.
        OSError: ``out`` cannot be written.
    """
    out = out.resolve()  # a link to an empty folder stays, and the folder is filled
    _check_out(source, out)
    images = list_images(source, show_progress)
    if subject is not None and len({image.patient for image in images}) > 1:
        raise ConfigError(
            f"--subject: expected images of one patient in {source}, found several; leave it out, or give "
            "their folders one by one"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=out.parent, ignore_cleanup_errors=True) as name,
        naming_file(out),
        quiet_parser(),
    ):
        target = Path(name) / "images"
        target.mkdir()
        bar = tqdm(total=len(images), desc="writing", unit="image", disable=not show_progress)
        with bar:
            done = _write(images, target, Pseudonyms(key), subject, bar)
        write_json(target / REPORT_FILE, _report(done))
        target.rename(out)
    return done


def _check_out(source: Path, out: Path) -> None:
    if out.resolve().is_relative_to(source.resolve()):
        raise ConfigError(f"--out: expected a folder outside of {source}, got {out}; choose another")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: expected a new or empty folder, found something in it; choose another --out")


def _write(
    images: Sequence[Listed], target: Path, pseudonyms: Pseudonyms, subject: str | None, bar: "tqdm[Any]"
) -> Deidentified:
    changes, subjects, series = Changes(), dict[str, None](), []
    for uid, members in _by_series(images):
        folder = target / pseudonyms.file_stem(uid)
        folder.mkdir()
        before: list[Dataset] = []
        after: list[Dataset] = []
        sources = [read_image(member.path) for member in members]
        for member, source, stored in zip(members, sources, read_stored(sources), strict=True):
            header = _deidentified(source, pseudonyms, subject, changes)
            subjects[str(header.PatientID)] = None
            if member.modality == "PT":
                before.append(source.header)
                after.append(header.copy())
            write_image(header, source, stored, folder / f"{pseudonyms.file_stem(member.uid)}.dcm")
            bar.update()
        series.append(
            {"folder": folder.name, "modality": members[0].modality, "images": len(members)}
            | _suv(before, after, folder.name)
        )
    return Deidentified(tuple(subjects), len(images), series, summary(changes))


def _deidentified(
    source: DicomFile, pseudonyms: Pseudonyms, subject: str | None, changes: Changes
) -> Dataset:
    try:
        return deidentify_header(source.header, pseudonyms, subject, changes)
    except RefusedSeries as error:
        raise RefusedSeries(error.code, f"{source.path}: {error.reason}") from None


def _suv(before: Sequence[Dataset], after: Sequence[Dataset], name: str) -> dict[str, Any]:
    if not before:
        return {}
    outcomes = suv_outcome(before), suv_outcome(after)
    check_same(*outcomes, name)
    return {"suv_before": outcomes[0], "suv_after": outcomes[1]}


def _by_series(images: Sequence[Listed]) -> Iterator[tuple[str, list[Listed]]]:
    groups: dict[str, list[Listed]] = {}
    for image in images:
        groups.setdefault(image.series, []).append(image)
    yield from groups.items()


def _report(done: Deidentified) -> dict[str, Any]:
    return {
        "Description": "What was changed in DICOM headers to take out the identity of patients",
        "profile": [f"{meaning} ({scheme} {value})" for value, scheme, meaning in OPTIONS],
        "pixels": "the numbers of the source, uncompressed; heads can be recognised by their faces",
        "subjects": list(done.subjects),
        "images": done.num_images,
        "series": list(done.series),
        "elements": done.changes,
        "versions": package_versions(("taskgan-ext", "pydicom")),
    }
