"""Every reader that a site may have reads the values of a derived series that we read."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - the name in its manual
from dicom_edits import activity, rotation

from taskgan_ext.dicom.derived.pet_series import write_derived_pet
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.derived.source_grid import on_source_grid
from taskgan_ext.dicom.read_series import read_series

OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = rotation(0.3, -0.5) @ np.diag([-2.0, -2.5, 3.0])
OBLIQUE[:3, 3] = [12.5, -30.25, 7.75]
SHAPE = (16, 12, 6)


def volumes() -> dict[str, np.ndarray]:
    plain = activity(SHAPE)
    ends_empty = plain.copy()
    ends_empty[:, :, [0, -1]] = 0
    whole_slopes = plain.copy()
    whole_slopes[:, :, 0] *= 32767 / plain[:, :, 0].max()
    return {
        "plain": plain,
        "empty slices at both ends": ends_empty,
        "above 32767": 4 * ends_empty,
        "SUV": ends_empty / 3000,
        "a first slice with a peak of 32767": whole_slopes,
        "all empty but one": np.where(np.arange(6) == 3, plain, 0).astype(np.float32),
    }


@pytest.fixture(params=volumes())
def derived(
    request: pytest.FixtureRequest, pet: Callable[..., Path], recipe: Recipe, tmp_path: Path
) -> tuple[Path, np.ndarray, np.ndarray]:
    """Folder of the series, its values as given, and its affine."""
    source = read_series(pet(volume=activity(SHAPE), affine=OBLIQUE))
    values = volumes()[request.param]
    done = write_derived_pet(source, values, "BQML", recipe, tmp_path / "derived")
    return done.folder, values, source.affine


def check(found: np.ndarray, values: np.ndarray, slack: float = 1.0) -> None:
    steps = values.max(axis=(0, 1)) / 32767
    assert (np.abs(found - values).max(axis=(0, 1)) <= slack * steps + 1e-6 * values.max(axis=(0, 1))).all()


def test_we_read_what_was_written(derived: tuple[Path, np.ndarray, np.ndarray]) -> None:
    folder, values, affine = derived
    found = read_series(folder)
    check(found.volume, values)
    np.testing.assert_array_equal(found.affine, affine)


def test_pydicom_reads_what_was_written(derived: tuple[Path, np.ndarray, np.ndarray]) -> None:
    folder, values, _ = derived
    for index, path in enumerate(sorted(folder.iterdir())):
        image = pydicom.dcmread(path)
        found = image.pixel_array.T * float(image.RescaleSlope)
        check(found[:, :, None], values[:, :, [index]])


def test_simpleitk_reads_what_was_written_with_its_defaults(
    derived: tuple[Path, np.ndarray, np.ndarray],
) -> None:
    folder, values, affine = derived
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    turn = np.eye(4)
    turn[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    turn[:3, 3] = image.GetOrigin()
    found = sitk.GetArrayFromImage(image).transpose(2, 1, 0).astype(np.float64)
    there = on_source_grid(found, np.diag([-1.0, -1, 1, 1]) @ turn, SHAPE, affine)
    check(there, values)


@pytest.mark.skipif(shutil.which("dcm2niix") is None, reason="dcm2niix is missing")
def test_dcm2niix_reads_what_was_written(
    derived: tuple[Path, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    folder, values, affine = derived
    out = tmp_path / "nifti"
    out.mkdir()
    subprocess.run(["dcm2niix", "-o", out, "-f", "x", folder], check=True, capture_output=True)
    (path,) = out.glob("*.nii*")
    image = nib.load(path)
    found = on_source_grid(np.asarray(image.get_fdata()), image.affine, SHAPE, affine)
    # It gives all slices one scale where their slopes differ.
    np.testing.assert_allclose(found, values, atol=1.01 * values.max() / 32767, rtol=0)
