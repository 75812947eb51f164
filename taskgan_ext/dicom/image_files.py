"""The images among the files that a user names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.image_gate import is_image
from taskgan_ext.dicom.parse_file import parse_file
from taskgan_ext.dicom.parser_faults import quiet_parser, refusing
from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.dicom_folder import is_dicom, list_files

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
"""A file of such a name must be one: left out in silence, a damaged slice would be a missing one."""
MAX_FILES = 20_000


@dataclass(frozen=True)
class ImageFiles:
    """Images in the order of their paths.

    Attributes:
        files: at least one.
        warnings: what was left out, one text each.
    """

    files: tuple[DicomFile, ...]
    warnings: tuple[str, ...] = ()


def read_images(source: Path | Sequence[Path]) -> ImageFiles:
    """Parse the headers of all images of a folder, or of the files of a list.

    Args:
        source: a folder, searched with its subfolders; a file; or files. Of a folder, files that are no DICOM
            files are left out, with a warning. Objects of other series that are no images (reports,
            presentation states) are left out, too.

    Raises:
        RefusedSeries: there is no image, a file is malformed or compressed so that it cannot be decoded
            without loss, or an image is there twice.
    """
    paths, left_out = _find(source)
    with quiet_parser():
        parsed = [parse_file(path) for path in paths]
        images = tuple(file for file in parsed if is_image(file))
        name = str(source) if isinstance(source, Path) else f"{len(paths)} files"
        if not images:
            raise RefusedSeries(
                "sop_class",
                f"{name}: expected DICOM images, found {len(paths)} DICOM files and no image among them",
            )
        _check_others(parsed, {file.text("SeriesInstanceUID") for file in images})
        _check_once(images)
    # No path: warnings are stored with what is made of the images, and folders are named after patients.
    warnings = (f"{left_out} files that are no DICOM files were left out",) if left_out else ()
    return ImageFiles(images, warnings)


def _find(source: Path | Sequence[Path]) -> tuple[list[Path], int]:
    """DICOM files, and the number of others in the folder."""
    if not isinstance(source, Path):
        found = [Path(path) for path in source]
        others = 0
    elif source.is_dir():
        with refusing(source, "the folder cannot be listed", "no_file"):
            listed = list_files(source)
            found = [path for path in listed if path.suffix.lower() in DICOM_SUFFIXES or is_dicom(path)]
        others = len(listed) - len(found)
    else:
        found, others = [source], 0
    if not found:
        place = source if isinstance(source, Path) else "an empty list"
        raise RefusedSeries(
            "not_dicom" if others else "no_file",
            f"{place}: expected DICOM files, found none; name their folder",
        )
    if len(found) > MAX_FILES:
        raise RefusedSeries("too_large", f"expected at most {MAX_FILES} files, got {len(found)}")
    return found, others


def _check_others(parsed: Sequence[DicomFile], series: set[str]) -> None:
    for file in parsed:
        if not is_image(file) and file.text("SeriesInstanceUID") in series:
            raise RefusedSeries(
                "sop_class",
                f"{file} is no image, but belongs to a series of images; take it out of the folder",
            )


def _check_once(images: Sequence[DicomFile]) -> None:
    seen: dict[str, DicomFile] = {}
    for file in images:
        first = seen.setdefault(file.text("SOPInstanceUID"), file)
        if first is not file:
            raise RefusedSeries(
                "slice_duplicate",
                f"{first.path} and {file.path.name} are the same image: they have one SOPInstanceUID; keep "
                "one of them",
            )
