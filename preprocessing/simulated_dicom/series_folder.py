"""A folder of DICOM files that is either whole or absent."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydicom import Dataset

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import TEMPORARY, naming_file


def write_folder(images: Iterable[Dataset], folder: Path, seed: int, shuffled: bool) -> None:
    """Write the images of a series, one to a file; the folder is there when it is whole.

    Args:
        images: complete data sets with their file meta information.
        folder: new, or empty.
        seed: of the subject, for file names.
        shuffled: file names say nothing; otherwise they are in the order of the images.

    Raises:
        DataError: the folder is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            f"DICOM export: expected a new or empty folder, {folder} holds something; choose another"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    names = np.random.default_rng([seed, 18])
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder.parent, ignore_cleanup_errors=True) as name:
        target = Path(name) / "series"
        target.mkdir()
        for number, image in enumerate(images, start=1):
            stem = names.bytes(8).hex() if shuffled else f"IM{number:05d}"
            with naming_file(folder):
                image.save_as(target / f"{stem}.dcm", enforce_file_format=True)
        target.rename(folder)
