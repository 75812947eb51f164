"""Small series with the name of a patient in them, and a key."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from preprocessing.deidentify.secret_key import make_key, read_key
from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetVariant

AFFINE = np.array([[-2.0, 0, 0, 30], [0, -2.0, 0, 20], [0, 0, 3.0, 5], [0, 0, 0, 1]])
VOLUME = np.random.default_rng(2).gamma(2.0, 20_000.0, (10, 8, 3)).astype(np.float32)


@pytest.fixture
def key(tmp_path: Path) -> bytes:
    """A random key."""
    make_key(tmp_path / "keys" / "key")
    return read_key(tmp_path / "keys" / "key")


@pytest.fixture
def pet_folder(tmp_path: Path) -> Callable[..., Path]:
    """Function ``pet_folder(variant, change)`` that writes a PET series; ``change`` edits every image."""

    def write(variant: PetVariant | None = None, change: Callable[[Dataset], None] | None = None) -> Path:
        folder = tmp_path / "source"
        write_pet_dicom(VOLUME, AFFINE, folder, variant=variant or PetVariant())
        for path in folder.iterdir():
            image = dcmread(path)
            if change is not None:
                change(image)
            image.save_as(path, enforce_file_format=True)
        return folder

    return write
