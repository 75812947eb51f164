"""Which files are de-identified: PET and MR images that can be read; one that cannot stops all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from preprocessing.deidentify.headers import patient_of
from preprocessing.deidentify.vocabulary import SCREEN
from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.image_gate import check_image
from taskgan_ext.dicom.parse_file import parse_file
from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.dicom_folder import list_files

MAX_NAMED = 20
"""Refused files that a message lists before it only counts."""
OVERLAYS = range(0x6000, 0x6020, 2)
"""Groups of overlays, PS3.3 C.9.2."""


@dataclass(frozen=True)
class Listed:
    """An image that may be de-identified.

    Attributes:
        path: its file.
        uid: SOPInstanceUID.
        series: SeriesInstanceUID.
        modality: ``PT`` or ``MR``.
        patient: tells one patient from others.
    """

    path: Path
    uid: str
    series: str
    modality: str
    patient: str


def list_images(folder: Path, show_progress: bool = True) -> list[Listed]:
    """Check every file of a folder.

    Args:
        folder: searched with its subfolders; DICOMDIR and what starts with a dot is left out.
        show_progress: draw a bar on stderr.

    Returns:
        The images, sorted by path.

    Raises:
        RefusedSeries: a file is no PET or MR image that can be read; the code is that of the first, and the
            message has one line for each.
    """
    paths = list_files(folder) if folder.is_dir() else []
    if not paths:
        raise RefusedSeries("no_file", f"{folder}: expected a folder with DICOM images, found no file in it")
    images, refused = [], list[RefusedSeries]()
    with quiet_parser():
        for path in tqdm(paths, desc="checking", unit="file", disable=not show_progress):
            try:
                images.append(_listed(read_image(path)))
            except RefusedSeries as error:
                refused.append(error)
    refused += _contradictions(images)
    if refused:
        raise RefusedSeries(refused[0].code, _told(folder, len(paths), refused))
    return images


def read_image(path: Path) -> DicomFile:
    """Parse and check one file.

    Args:
        path: a file.

    Raises:
        RefusedSeries: it is no PET or MR image that can be read, or text may be part of its pixels.
    """
    file = parse_file(path)
    check_image(file)
    if any(SCREEN in word.upper() for word in file.texts("ImageType")):
        raise RefusedSeries("burned_in", f"{path}: ImageType says that the image is a copy of a screen")
    for group in OVERLAYS:
        # An overlay without data of its own lies in spare bits of the pixels, as DICOM had it until 2004.
        if (group, 0x0010) in file.header and (group, 0x3000) not in file.header:
            raise RefusedSeries(
                "burned_in",
                f"{path}: an overlay is stored among the pixels; export the series without overlays",
            )
    return file


def _listed(file: DicomFile) -> Listed:
    return Listed(
        file.path,
        file.text("SOPInstanceUID"),
        file.text("SeriesInstanceUID"),
        file.text("Modality"),
        patient_of(file.header),
    )


def _told(folder: Path, num_files: int, refused: Sequence[RefusedSeries]) -> str:
    lines = [f"  {error}" for error in refused[:MAX_NAMED]]
    if len(refused) > MAX_NAMED:
        lines.append(f"  and {len(refused) - MAX_NAMED} more")
    head = f"{folder}: {len(refused)} of {num_files} files are refused, so nothing was written:"
    return "\n".join([head, *lines, "take them out of the folder, or export them again"])


def _contradictions(images: Sequence[Listed]) -> list[RefusedSeries]:
    found, seen = [], dict[str, Listed]()
    for image in images:
        if seen.setdefault(image.uid, image) is not image:
            found.append(
                RefusedSeries(
                    "slice_duplicate",
                    f"{image.path}: another file has the same SOPInstanceUID; keep one of them",
                )
            )
        first = seen.setdefault(f"series {image.series}", image)
        if (first.patient, first.modality) != (image.patient, image.modality):
            found.append(
                RefusedSeries(
                    "series_mixed", f"{image.path}: its series has images of another patient or modality"
                )
            )
    return found
