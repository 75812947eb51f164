"""The header of an image without the identity of its patient."""

from collections.abc import Sequence
from typing import Any

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset

from preprocessing.deidentify.codes import coded
from preprocessing.deidentify.data_set import Changes, clean_dataset
from preprocessing.deidentify.profile import TOP
from preprocessing.deidentify.pseudonyms import Pseudonyms
from preprocessing.deidentify.values import Disguise
from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.dicom.suv_header import text_of
from taskgan_ext.errors import RefusedSeries

METHOD = (
    "Basic profile by allow-list, patient characteristics kept",
    "dates moved by whole days, UIDs keyed",
)
OPTIONS = (
    # CID 7050 of PS3.16
    ("113100", "DCM", "Basic Application Confidentiality Profile"),
    ("113108", "DCM", "Retain Patient Characteristics Option"),
    ("113107", "DCM", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113111", "DCM", "Retain Safe Private Option"),
)
ADDED = (
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
)


def deidentify_headers(
    headers: Sequence[Dataset], key: bytes, subject: str | None = None
) -> tuple[list[Dataset], dict[str, Any]]:
    """De-identify the headers of images of one patient.

    Args:
        headers: data sets, with or without pixels, of one or several series.
        key: secret, as ``read_key`` gives it.
        subject: name to put in the place of the patient's; by default one made from the key and PatientID.

    Returns:
        New data sets without pixels, in the same order; and how many elements were changed in which way,
        without any of their values: for JSON.

    Raises:
        RefusedSeries: ``series_mixed``, the images are of several patients; ``number_invalid``, a number that
            an image needs is none.
    """
    pseudonyms, changes = Pseudonyms(key), Changes()
    with quiet_parser():
        patients = {patient_of(header) for header in headers}
        if len(patients) > 1:
            raise RefusedSeries("series_mixed", "expected images of one patient, found several; split them")
        cleaned = [deidentify_header(header, pseudonyms, subject, changes) for header in headers]
    return cleaned, summary(changes)


def deidentify_header(
    header: Dataset, pseudonyms: Pseudonyms, subject: str | None, changes: Changes
) -> Dataset:
    """De-identify one header.

    Args:
        header: data set, with or without pixels; it is not changed.
        pseudonyms: made from the key.
        subject: as for ``deidentify_headers``.
        changes: to count in.

    Raises:
        RefusedSeries: as for ``deidentify_headers``.
    """
    patient = patient_of(header)
    disguise = Disguise(pseudonyms, subject or pseudonyms.subject(patient), pseudonyms.shift(patient))
    cleaned = clean_dataset(header, TOP, disguise, changes)
    for keyword in ("PatientName", "PatientID"):
        setattr(cleaned, keyword, disguise.subject)  # also where there was none
    cleaned.PatientIdentityRemoved = "YES"
    cleaned.DeidentificationMethod = list(METHOD)
    cleaned.DeidentificationMethodCodeSequence = [coded(*option) for option in OPTIONS]
    cleaned.LongitudinalTemporalInformationModified = "MODIFIED"
    changes.update((keyword, "added") for keyword in ADDED)
    cleaned.file_meta = FileMetaDataset()
    cleaned.file_meta.MediaStorageSOPClassUID = cleaned.get("SOPClassUID", "")
    cleaned.file_meta.MediaStorageSOPInstanceUID = cleaned.get("SOPInstanceUID", "")
    return cleaned


def patient_of(header: Dataset) -> str:
    """Tell the patient of an image from others: PatientID and its issuer, or else the study.

    Args:
        header: data set.
    """
    identifier, issuer = text_of(header, "PatientID"), text_of(header, "IssuerOfPatientID")
    return f"{issuer}\0{identifier}" if identifier else text_of(header, "StudyInstanceUID")


def summary(changes: Changes) -> dict[str, Any]:
    """Give the changes as JSON.

    Args:
        changes: that were counted.

    Returns:
        Element to what was done with it, to how often.
    """
    found: dict[str, dict[str, int]] = {}
    for (name, action), count in sorted(changes.items()):
        found.setdefault(name, {})[action] = count
    return found
