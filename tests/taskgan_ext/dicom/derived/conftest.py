"""A restoration that is none: values of a source times a number, written as a derived series."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset

from taskgan_ext.dicom.derived.derived_series import DerivedSeries
from taskgan_ext.dicom.derived.pet_series import write_derived_pet
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.series import Series

Derive = Callable[..., tuple[Series, DerivedSeries, list[Dataset]]]


@pytest.fixture
def recipe() -> Recipe:
    return Recipe("pet_denoising", "0.1.0", "0123456789ab" + 52 * "f", "denoised")


@pytest.fixture
def now() -> datetime:
    return datetime(2001, 2, 3, 4, 5, 6, 789)


@pytest.fixture
def derive(tmp_path: Path, recipe: Recipe, now: datetime) -> Derive:
    """Function ``derive(folder)`` that gives the source, what was written, and its images in order."""

    def write(
        folder: Path, name: str = "derived", factor: float = 0.77, recipe: Recipe = recipe
    ) -> tuple[Series, DerivedSeries, list[Dataset]]:
        source = read_series(folder, modality="PT")
        values = source.volume * np.float32(factor)
        done = write_derived_pet(source, values, source.units, recipe, tmp_path / name, now=now)
        return source, done, [pydicom.dcmread(path) for path in done.files]

    return write
