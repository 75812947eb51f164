"""The series among the files of a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taskgan_ext.dicom.image_files import DICOM_SUFFIXES
from taskgan_ext.dicom.image_gate import is_image
from taskgan_ext.dicom.parse_file import parse_file
from taskgan_ext.dicom.parser_faults import quiet_parser, refusing
from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.dicom_folder import is_dicom, list_files


@dataclass(frozen=True)
class Study:
    """What a folder holds.

    Attributes:
        series: SeriesInstanceUID to the files of its images, sorted.
        faults: codes of the files that cannot be told to belong to a series, sorted.
    """

    series: Mapping[str, Sequence[Path]]
    faults: Sequence[str]


def find_series(folder: Path) -> Study:
    """Group the images of a folder by their series; the files are told apart by what they hold.

    Reports, presentation states and what is no DICOM file are left out. What holds pixels is an image here,
    also where its kind is unknown: it is refused by name, and not passed over in silence.

    Args:
        folder: searched with its subfolders.

    Raises:
        RefusedSeries: ``no_file``, it is no folder.
    """
    if not folder.is_dir():
        # Without the path: folders are named after patients, and this message reaches logs.
        raise RefusedSeries("no_file", "IN: expected a folder with DICOM files, found no folder")
    series: dict[str, list[Path]] = {}
    faults = []
    with quiet_parser():
        with refusing(folder, "the folder cannot be listed", "no_file"):
            files = list_files(folder)
        for path in files:
            try:
                uid = _series_of(path)
            except RefusedSeries as refusal:
                faults.append(refusal.code)
            else:
                if uid is not None:
                    series.setdefault(uid, []).append(path)
    return Study({uid: series[uid] for uid in sorted(series)}, sorted(faults))


def _series_of(path: Path) -> str | None:
    """Of a file without an image, ``None``."""
    with refusing(path, "it cannot be read"):
        if path.suffix.lower() not in DICOM_SUFFIXES and not is_dicom(path):
            return None
        file = parse_file(path)
        return file.text("SeriesInstanceUID") if is_image(file) or file.pixels is not None else None
