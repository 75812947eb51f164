"""Small PET and MR series to read or to break."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_edits import activity, change_all
from numpy.typing import NDArray

from preprocessing.mr.dicom_export import write_contrast_dicom
from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.mr.protocol import Protocol

AFFINE = np.array([[-2.0, 0, 0, 20], [0, -2, 0, 30], [0, 0, 3, -10], [0, 0, 0, 1]])


@pytest.fixture
def pet(tmp_path: Path) -> Callable[..., Path]:
    """Function ``pet(volume, affine, **variant)`` that writes a PET series in order and gives its folder."""

    def write(
        volume: NDArray[np.float32] | None = None,
        affine: NDArray[np.float64] = AFFINE,
        name: str = "pet",
        number: int = 10,
        **variant: object,
    ) -> Path:
        folder = tmp_path / name
        variant = {"shuffled": False} | variant
        write_pet_dicom(
            activity() if volume is None else volume,
            affine,
            folder,
            seed=3,
            number=number,
            variant=PetVariant(**variant),  # type: ignore[arg-type]
        )
        return folder

    return write


@pytest.fixture
def mr(tmp_path: Path) -> Path:
    """Folder of an MR series in order, every slice with a slope of its own, as Philips writes them."""
    folder = tmp_path / "mr"
    write_contrast_dicom(activity(), AFFINE, "T1w", Protocol(0.6, 0.01), folder, vendor="philips", seed=3)
    for path in list(folder.iterdir()):
        path.rename(folder / f"IM{pydicom.dcmread(path).InstanceNumber:05d}.dcm")
    slopes = {"RescaleSlope": lambda number: f"{1.08 + 0.3 * number:.2f}", "RescaleIntercept": "-3"}
    change_all(**slopes)(sorted(folder.iterdir()))
    return folder
