"""Which DICOM images are taken as MR images of one patient in one scanner frame, and which are refused."""

from collections.abc import Callable, Sequence
from pathlib import Path

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.image_files import read_images
from taskgan_ext.dicom.image_gate import check_image
from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.errors import DataError, RefusedSeries

MAP_TOKENS = frozenset(
    {"QMAP", "MULTI_QMAP", "T1MAP", "T2MAP", "PDMAP", "B1MAP", "R1", "R2", "MYC", "T1 MAP", "T2 MAP", "ADC"}
)
"""Tokens of ImageType that mark parameter maps."""


def read_mr_images(folder: Path) -> tuple[DicomFile, ...]:
    """Read the headers of all MR images below a folder, of one patient and one scanner frame.

    Args:
        folder: searched with its subfolders. Objects of other series that are no images are left out.

    Returns:
        Images that passed the gate, in the order of their paths.

    Raises:
        RefusedSeries: a file cannot be read, is of another kind, or images of several patients or places are
            mixed.
    """
    files = read_images(folder).files
    with quiet_parser():
        for file in files:
            check_image(file)
            if file.text("Modality") != "MR":
                raise RefusedSeries(
                    "modality_mismatch", f"expected MR images, but {file} is none; take it out of the folder"
                )
        for what, keyword in (("patient", "PatientID"), ("frame of reference", "FrameOfReferenceUID")):
            _check_shared(files, what, keyword)
    return files


def check_acquired(file: DicomFile, allow_derived: bool = False) -> None:
    """Check that an image was acquired, and is neither synthetic nor a parameter map.

    Args:
        file: an MR image.
        allow_derived: take images that were processed after the reconstruction, too.

    Raises:
        DataError: it is not; the message names the series and the token.
    """
    refused = MAP_TOKENS if allow_derived else MAP_TOKENS | {"DERIVED"}
    for token in (*file.texts("ImageType"), *file.texts("ScanningSequence")):
        if "SYNTHETIC" in token.upper() or token.upper() in refused:
            raise DataError(
                f"{file} is not an acquired image: it is marked {token}; give the folder of the acquired "
                "series without derived, synthetic or map series"
            )


def one_value(files: Sequence[DicomFile], what: str, value_of: Callable[[DicomFile], str]) -> str:
    """Give the value that all images share.

    Args:
        files: images.
        what: name of the value, for the message.
        value_of: gives the value of an image.

    Raises:
        DataError: two images differ; the message names both.
    """
    first = value_of(files[0])
    for file in files:
        value = value_of(file)
        if value != first:
            raise DataError(
                f"expected images of one {what}, but {files[0]} has {first or 'none'} and {file} has "
                f"{value or 'none'}; keep one acquisition in the folder"
            )
    return first


def seconds_of(file: DicomFile, keyword: str) -> float | None:
    """Give a time of the header in seconds; DICOM keeps it in ms (PS3.3 C.8.3.1).

    Args:
        file: an MR image.
        keyword: ``EchoTime``, ``RepetitionTime``, ``InversionTime`` or ``TriggerTime``.

    Returns:
        The time, or ``None`` where it is missing or not positive.
    """
    value = file.number(keyword)
    return value / 1000 if value is not None and value > 0 else None


def time_text(file: DicomFile, keyword: str) -> str:
    """Give a time of the header for comparison and messages, such as ``16.9 ms``; empty where it is missing.

    Args:
        file: an MR image.
        keyword: as for ``seconds_of``.
    """
    value = file.number(keyword)
    return "" if value is None else f"{value:g} ms"


def _check_shared(files: Sequence[DicomFile], what: str, keyword: str) -> None:
    """Check what names a patient or a scan, and therefore is not quoted."""
    for file in files:
        if file.text(keyword) != files[0].text(keyword):
            raise RefusedSeries(
                "series_mixed",
                f"expected images of one {what}, but {keyword} differs between {files[0]} and {file}; keep "
                "one acquisition in the folder",
            )
