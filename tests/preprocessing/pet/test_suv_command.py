"""``pet suv``: a volume in g/ml, a sidecar without a patient, and refusals that write nothing."""

import argparse
import json
import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread

from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetProtocol, PetVariant
from preprocessing.pet.suv_command import add_suv
from taskgan_ext.errors import ConfigError, DataError, RefusedSeries

AFFINE = np.array([[-2.0, 0, 0, 30], [0, -2.0, 0, 20], [0, 0, 3.0, 5], [0, 0, 0, 1]])
VOLUME = np.random.default_rng(1).gamma(2.0, 20_000.0, (12, 10, 5)).astype(np.float32)
PROTOCOL = PetProtocol(injected_bq=300e6, weight_kg=81.5, uptake=5000.0)


def suv(*arguments: object) -> None:
    parser = argparse.ArgumentParser()
    add_suv(parser.add_subparsers(required=True))
    given = parser.parse_args(["suv", *map(str, arguments)])
    given.run(given)


def write_series(folder: Path, variant: PetVariant | None = None) -> Path:
    write_pet_dicom(VOLUME, AFFINE, folder, protocol=PROTOCOL, variant=variant or PetVariant())
    return folder


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param(PetVariant(), id="Bq/ml"),
        pytest.param(PetVariant(units="GML"), id="SUV"),
        pytest.param(PetVariant(vendor="philips", units="CNTS", philips_suv_factor="both"), id="counts"),
        pytest.param(PetVariant(redated=9000.0, injection_datetime=False), id="dated again"),
    ],
)
def test_the_volume_is_that_of_the_formula_whatever_the_units(
    variant: PetVariant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suv(write_series(tmp_path / "series", variant), "--out", tmp_path / "new" / "suv.nii.gz")
    image = nib.load(tmp_path / "new" / "suv.nii.gz")
    expected = VOLUME * (81.5e3 / (300e6 * 0.5 ** (5000 / PROTOCOL.half_life)))
    assert image.get_data_dtype() == np.float32
    assert np.allclose(image.affine, AFFINE)
    assert np.abs(image.get_fdata() - expected).max() <= 2e-5 * expected.max()
    told = capsys.readouterr().out
    assert "rule: " in told
    largest = re.search(r"SUVmax ([\d.]+)", told)
    assert largest is not None
    assert float(largest[1]) == pytest.approx(expected.max(), rel=1e-3)


def test_the_sidecar_tells_the_rule_and_nothing_that_names_a_patient(tmp_path: Path) -> None:
    suv(write_series(tmp_path / "series"), "--out", tmp_path / "suv.nii.gz")
    text = (tmp_path / "suv.json").read_text(encoding="utf-8")
    sidecar = json.loads(text)
    assert sidecar["SUVFactor"] == pytest.approx(PROTOCOL.suv_factor, rel=1e-6)
    assert (sidecar["InjectedRadioactivity"], sidecar["ScanStart"]) == (300.0, 5000.0)
    assert "START" in sidecar["SUVRule"]
    for planted in ("SIMULATED", "20000101", "2000-01-01", "1.2.826", str(tmp_path)):
        assert planted not in text


def test_a_file_that_is_there_is_replaced_on_request_only(tmp_path: Path) -> None:
    series, out = write_series(tmp_path / "series"), tmp_path / "suv.nii.gz"
    suv(series, "--out", out)
    with pytest.raises(DataError, match="--overwrite"):
        suv(series, "--out", out)
    suv(series, "--out", out, "--overwrite")
    with pytest.raises(ConfigError, match=r"\.nii\.gz"):
        suv(series, "--out", tmp_path / "suv.mha")


def test_one_of_several_series_is_named(tmp_path: Path) -> None:
    write_series(tmp_path / "both" / "one")
    other = PetProtocol(injected_bq=200e6, weight_kg=50.0, uptake=3000.0)
    write_pet_dicom(VOLUME[:, :, ::-1], AFFINE, tmp_path / "both" / "two", protocol=other, number=12)
    uid = dcmread(next((tmp_path / "both" / "two").iterdir())).SeriesInstanceUID
    with pytest.raises(RefusedSeries, match="found 2"):
        suv(tmp_path / "both", "--out", tmp_path / "suv.nii.gz")
    suv(tmp_path / "both", "--out", tmp_path / "suv.nii.gz", "--series", uid)
    sidecar = json.loads((tmp_path / "suv.json").read_text())
    assert sidecar["SUVFactor"] == pytest.approx(other.suv_factor, rel=1e-6)


def test_a_refused_series_leaves_nothing_behind(tmp_path: Path) -> None:
    series = write_series(tmp_path / "series", PetVariant().without("PatientWeight"))
    with pytest.raises(RefusedSeries, match=r"PatientWeight \(0010,1030\)"):
        suv(series, "--out", tmp_path / "new" / "suv.nii.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["series"]
