"""A folder with the files of a series: whole, or not there."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import TEMPORARY, naming_file


def write_series_folder(images: Iterable[Dataset], folder: Path) -> tuple[Path, ...]:
    """Write images in Explicit VR Little Endian, one to a file.

    File names are numbers: nothing of a header becomes a part of a path.

    Args:
        images: data sets with pixels, in the order of their slices.
        folder: new, or empty.

    Returns:
        The files.

    Raises:
        DataError: the folder holds something, or is a file.
        OSError: it cannot be written; then nothing of it is left.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            f"derived series: expected a new or empty folder, {folder} holds something; choose another"
        )
    names = []
    with naming_file(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=TEMPORARY, dir=folder.parent, ignore_cleanup_errors=True
        ) as place:
            target = Path(place) / "series"
            target.mkdir()
            for number, image in enumerate(images, start=1):
                names.append(f"IM{number:05d}.dcm")
                _add_meta(image)
                image.save_as(target / names[-1], enforce_file_format=True)
            target.rename(folder)
    return tuple(folder / name for name in names)


def _add_meta(image: Dataset) -> None:
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
