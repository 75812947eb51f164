"""Simulated PET series are valid DICOM and hold the values that they were made from."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetProtocol, PetVariant
from taskgan_ext.errors import ConfigError, DataError

AFFINE = np.array([[-2.0, 0, 0, 30], [0, -2.0, 0, 20], [0, 0, 3.0, 5], [0, 0, 0, 1]])
VOLUME = np.random.default_rng(0).gamma(2.0, 20_000.0, (20, 16, 6)).astype(np.float32)
VARIANTS = {
    "siemens": PetVariant(),
    "ge": PetVariant(vendor="ge", private_scan_time=True),
    "philips": PetVariant(vendor="philips", units="CNTS", philips_suv_factor="both"),
    "SUV": PetVariant(units="GML"),
    "whole body, first slice empty": PetVariant(series_type="WHOLE BODY", empty_first_slice=True),
    "decay to injection": PetVariant(decay_correction="ADMIN"),
}


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (package dicom3tools) is missing")
@pytest.mark.parametrize("name", VARIANTS)
def test_every_file_is_what_the_standard_asks_for(name: str, tmp_path: Path) -> None:
    write_pet_dicom(VOLUME, AFFINE, tmp_path / "series", variant=VARIANTS[name])
    for path in (tmp_path / "series").iterdir():
        found = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
        assert [line for line in found.stderr.splitlines() if line.startswith("Error")] == []


@pytest.mark.parametrize("bits", [12, 14, 16])
@pytest.mark.parametrize("signed", [True, False])
def test_values_are_kept_to_half_a_step(tmp_path: Path, bits: int, signed: bool) -> None:
    variant = PetVariant(bits_stored=bits, signed=signed, shuffled=False)
    write_pet_dicom(VOLUME, AFFINE, tmp_path / "series", variant=variant)
    for index, path in enumerate(sorted((tmp_path / "series").iterdir())):
        image = dcmread(path)
        values = image.pixel_array.T * float(image.RescaleSlope)
        assert np.abs(values - VOLUME[:, :, index]).max() <= 0.5001 * float(image.RescaleSlope)


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_pet_dicom(VOLUME, AFFINE, tmp_path / name, seed=3)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("a", "b")
    )
    assert first == second


def test_suv_of_the_protocol_is_that_of_its_formula() -> None:
    protocol = PetProtocol(injected_bq=370e6, weight_kg=74.0, uptake=3600.0, half_life=3600.0)
    assert protocol.suv_factor == pytest.approx(74e3 / 185e6)


def test_elements_are_left_out_on_request(tmp_path: Path) -> None:
    variant = PetVariant().without("PatientWeight", "RadionuclideTotalDose")
    write_pet_dicom(VOLUME, AFFINE, tmp_path / "series", variant=variant)
    image = dcmread(next((tmp_path / "series").iterdir()))
    assert "PatientWeight" not in image
    assert "RadionuclideTotalDose" not in image.RadiopharmaceuticalInformationSequence[0]


def test_frames_must_fit_the_variant(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="DYNAMIC"):
        PetVariant(frames=2)
    with pytest.raises(DataError, match="expected 2 frames"):
        write_pet_dicom(
            VOLUME, AFFINE, tmp_path / "series", variant=PetVariant(series_type="DYNAMIC", frames=2)
        )
    assert list(tmp_path.iterdir()) == []
