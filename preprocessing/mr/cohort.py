"""A simulated MR cohort: its subjects on disk and its data list."""

from functools import partial
from pathlib import Path
from typing import Any

from preprocessing.cohort import DATALIST_FILE, subject_name, write_cohort
from preprocessing.collect import collect
from preprocessing.folder_lock import locked
from preprocessing.imported_datalist import all_items
from preprocessing.mr.dicom_export import write_contrast_dicom, write_mdme_dicom
from preprocessing.mr.mr_subjects import MR_SUBJECTS
from preprocessing.mr.settings import SimulationSettings
from preprocessing.mr.simulate import SimulatedSubject, simulate_subject
from preprocessing.mr.subject_files import (
    ContrastVolume,
    is_complete,
    is_simulated,
    list_items,
    write_subject,
)
from preprocessing.mr.tissue_maps import check_tissue_maps
from preprocessing.mr.tissues import FIELD_STRENGTH
from preprocessing.subject_exchange import undo_killed_imports
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.keys import SUBJECT
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.tissue_classes import REGION_CODES

DICOM_FOLDER, DICOM_RECORD = "dicom", "simulation.json"


def simulate_cohort(
    cohort_dir: Path, num_subjects: int, settings: SimulationSettings, workers: int = 1
) -> dict[str, Any] | None:
    """Simulate the subjects that are not there yet and write the data list.

    Sections of the data list have the same share of patients. Subjects that were imported into the folder
    stay in its list. DICOM files get no data list: they are what ``mr import`` starts from.

    Args:
        cohort_dir: folder to write; made if missing.
        num_subjects: size of the cohort.
        settings: of the cohort.
        workers: number of processes, each on one thread; it changes no byte.

    Returns:
        The data list, or ``None`` for DICOM.

    Raises:
        ConfigError: a number is below 1, there are fewer tissue maps than subjects, or the folder holds a
            cohort with other settings.
        DataError: a worker process died, tissue maps cannot be read, or an imported subject has the name of
            one to simulate.
        TaskGANError: a subject cannot be simulated; the message names it.
    """
    if settings.tissue_maps and num_subjects > len(settings.tissue_maps):
        raise ConfigError(
            f"expected one file of tissue maps per subject, got {len(settings.tissue_maps)} for "
            f"{num_subjects} subjects; two subjects with one anatomy could end up in training and test"
        )
    is_done = partial(_is_done, dicom=settings.file_format == "dicom")
    check_tissue_maps(settings.tissue_maps)
    with locked(cohort_dir):
        undo_killed_imports(cohort_dir, MR_SUBJECTS)
        write_cohort(cohort_dir, num_subjects, settings, write_simulated, is_done, workers)
        if settings.file_format == "dicom":
            return None
        names = [subject_name(index) for index in range(num_subjects)]
        return collect(
            [*(item for name in names for item in list_items(cohort_dir, name)), *_imported(cohort_dir)],
            cohort_dir / DATALIST_FILE,
            name="digital MDME phantom",
            description=(
                "Simulated brain MRI: MDME images with relaxation maps (image, maps) and conventional "
                "contrasts of the same head (label)"
            ),
            modality="MR",
            property_info=MR_SUBJECTS.property_info,
            seed=settings.seed,
        )


def write_simulated(cohort_dir: Path, index: int, settings: SimulationSettings) -> None:
    """Simulate one subject and write its files.

    Args:
        cohort_dir: folder of the cohort.
        index: number of the subject, from 0.
        settings: of the cohort.

    Raises:
        TaskGANError: the subject cannot be simulated.
    """
    name = subject_name(index)
    subject = simulate_subject(settings, index)
    record = {
        "simulated": True,
        "index": index,
        "settings": settings.to_dict(),
        "truth": dict(subject.truth),
    }
    if settings.file_format == "dicom":
        _write_dicom(cohort_dir / name / DICOM_FOLDER, index, subject, settings)
        record["sequence"] = subject.sequence.to_dict()
        write_json(cohort_dir / name / DICOM_FOLDER / DICOM_RECORD, record)
        return
    write_subject(
        cohort_dir,
        name,
        MDMEImage(
            subject.signal,
            "complex",
            subject.affine,
            subject.sequence,
            source=f"simulation of {name}",
            field_strength=FIELD_STRENGTH,
        ),
        {
            contrast: ContrastVolume(data, settings.protocols[contrast])
            for contrast, data in subject.contrasts.items()
        },
        brain=subject.brain,
        regions=subject.regions,
        extra=record,
    )


def _is_done(cohort_dir: Path, index: int, dicom: bool) -> bool:
    name = subject_name(index)
    # Both records are written last.
    if dicom:
        return (cohort_dir / name / DICOM_FOLDER / DICOM_RECORD).is_file()
    if not is_complete(cohort_dir, name):
        return False
    if not is_simulated(cohort_dir, name):
        raise DataError(f"{cohort_dir / name} was imported, not simulated; choose another folder")
    return True


def _imported(cohort_dir: Path) -> list[dict[str, Any]]:
    """Items of subjects that nobody simulated."""
    items = all_items(cohort_dir)
    names = {name for name in (item[SUBJECT] for item in items) if is_complete(cohort_dir, name)}
    imported = {name for name in names if not is_simulated(cohort_dir, name)}
    return [item for item in items if item[SUBJECT] in imported]


def _write_dicom(folder: Path, index: int, subject: SimulatedSubject, settings: SimulationSettings) -> None:
    """Write what a scanner would export, and beside it the masks that a reader would draw."""
    masks = {"brain": subject.brain, "lesions": subject.regions == REGION_CODES["lesion"]}
    for part, mask in masks.items():
        save_nifti(mask.astype("uint8"), subject.affine, folder / f"{part}.nii.gz")
    # Seed of the UIDs; the exporter writes whole folders, and the same ones again.
    exporter: dict[str, Any] = {"vendor": settings.vendor, "seed": 1000 * settings.seed + index}
    if not (folder / "mdme").exists():
        write_mdme_dicom(subject.signal, subject.affine, subject.sequence, folder / "mdme", **exporter)
    for contrast, data in subject.contrasts.items():
        if not (folder / contrast).exists():
            protocol = settings.protocols[contrast]
            write_contrast_dicom(data, subject.affine, contrast, protocol, folder / contrast, **exporter)
