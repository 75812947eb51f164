"""A site's files become a pair of a cohort, or one line says why not and nothing is written."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from preprocessing.__main__ import main
from preprocessing.pet.dicom_export import LOW_DOSE_SERIES, write_pet_dicom
from preprocessing.pet.dicom_variant import PetProtocol, PetVariant
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.io.nifti import load_nifti, save_nifti

AFFINE = np.array([[-3.0, 0, 0, 40], [0, -3.0, 0, 30], [0, 0, 4.0, -20], [0, 0, 0, 1]])
RNG = np.random.default_rng(0)
FULL = RNG.gamma(3.0, 2000.0, (24, 20, 8)).astype(np.float32)
LOW = (FULL * RNG.gamma(4.0, 0.25, FULL.shape)).astype(np.float32)
PROTOCOL = PetProtocol()


@pytest.fixture
def dicom(tmp_path: Path) -> Path:
    folder = tmp_path / "PatientNameInAFolder"
    write_pet_dicom(FULL, AFFINE, folder / "full", description="full")
    write_pet_dicom(LOW, AFFINE, folder / "low", description="low", number=LOW_DOSE_SERIES)
    return folder


@pytest.fixture
def nifti(tmp_path: Path) -> Path:
    folder = tmp_path / "nifti"
    for name, volume in (("full", FULL), ("low", LOW)):
        save_nifti(volume, AFFINE, folder / f"{name}.nii.gz")
        (folder / f"{name}.json").write_text('{"Units": "Bq/mL"}')
    return folder


def run(out: Path, low: Path, full: Path, *options: str) -> int:
    return main(
        [
            "pet",
            "import",
            "--low",
            str(low),
            "--full",
            str(full),
            "--property",
            "1",
            "--out",
            str(out),
            *options,
        ]
    )


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_dicom_pair_becomes_a_case_that_training_can_load(dicom: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(out, dicom / "low", dicom / "full", "--section", "training") == 0
    (item,) = load_datalist(str(out), ["training"], make_with="")
    assert item["property"] == 1
    for key, truth in (("image", LOW), ("label", FULL)):
        volume, affine = load_nifti(item[key])
        # DICOM keeps 16 bits of each slice.
        assert np.abs(volume - truth).max() <= truth.max() / 32767
        np.testing.assert_allclose(affine, AFFINE, atol=1e-4)
    assert (out / "sub-01" / "sub-01_pair.png").is_file()


def test_nifti_values_come_through_exactly(nifti: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(out, nifti / "low.nii.gz", nifti / "full.nii.gz") == 0
    volume, _ = load_nifti(out / "sub-01" / "sub-01_low.nii.gz")
    np.testing.assert_array_equal(volume, LOW)
    assert json.loads((out / "sub-01" / "sub-01.json").read_text())["units"] == "Bq/ml"


def test_suv_is_that_of_the_protocol(dicom: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(out, dicom / "low", dicom / "full", "--suv") == 0
    volume, _ = load_nifti(out / "sub-01" / "sub-01_full.nii.gz")
    truth = FULL * PROTOCOL.suv_factor
    assert np.abs(volume - truth).max() <= truth.max() / 30000
    assert json.loads((out / "sub-01" / "sub-01.json").read_text())["units"] == "SUV (g/ml)"


def test_nothing_that_identifies_is_kept_by_default(dicom: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    header = dcmread(next((dicom / "full").iterdir()))
    assert run(out, dicom / "low", dicom / "full") == 0
    written = b"".join(path.read_bytes() for path in out.rglob("*.json"))
    planted = (
        header.StudyInstanceUID,
        header.SeriesInstanceUID,
        header.FrameOfReferenceUID,
        header.StudyDate,
        str(header.PatientName),
        "PatientNameInAFolder",
    )
    assert [text for text in planted if text.encode() in written] == []
    assert run(out, dicom / "low", dicom / "full", "--overwrite", "--keep-identity") == 0
    assert header.SeriesInstanceUID in (out / "sub-01" / "sub-01.json").read_text()


def test_one_key_gives_one_pseudonym(dicom: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    found = []
    for name in ("a", "b"):
        assert run(tmp_path / name, dicom / "low", dicom / "full", "--key-file", str(key)) == 0
        found.append(json.loads((tmp_path / name / "sub-01" / "sub-01.json").read_text())["source"])
    assert found[0] == found[1]
    assert found[0]["full"]["StudyInstanceUID"] == found[0]["low"]["StudyInstanceUID"]
    assert found[0]["full"]["SeriesInstanceUID"] != found[0]["low"]["SeriesInstanceUID"]


def test_several_realisations_are_cases_of_one_subject(nifti: Path, tmp_path: Path) -> None:
    save_nifti(LOW[::-1].copy(), AFFINE, nifti / "low2.nii.gz")
    (nifti / "low2.json").write_text('{"Units": "Bq/mL"}')
    out = tmp_path / "out"
    second = ("--low", str(nifti / "low2.nii.gz"), "--section", "test")
    assert run(out, nifti / "low.nii.gz", nifti / "full.nii.gz", *second) == 0
    items = json.loads((out / "datalist.json").read_text())["test"]
    assert [item["case"] for item in items] == ["sub-01_low", "sub-01_low-2"]


def test_a_dose_that_the_reconstruction_did_not_know_is_told_and_mended(
    nifti: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_nifti(LOW / 100, AFFINE, nifti / "low.nii.gz")
    assert run(tmp_path / "a", nifti / "low.nii.gz", nifti / "full.nii.gz") == 0
    assert "give --low-scale" in capsys.readouterr().out
    assert run(tmp_path / "b", nifti / "low.nii.gz", nifti / "full.nii.gz", "--low-scale", "100") == 0
    assert "--low-scale" not in capsys.readouterr().out
    volume, _ = load_nifti(tmp_path / "b" / "sub-01" / "sub-01_low.nii.gz")
    np.testing.assert_allclose(volume, LOW, rtol=1e-6)


def _other_grid(nifti: Path) -> None:
    save_nifti(LOW, AFFINE @ np.diag([1, 1, 1.01, 1]), nifti / "low.nii.gz")


def _other_shape(nifti: Path) -> None:
    save_nifti(LOW[:-1], AFFINE, nifti / "low.nii.gz")


def _other_unit(nifti: Path) -> None:
    (nifti / "low.json").write_text('{"Units": "SUV"}')


def _same_image(nifti: Path) -> None:
    save_nifti(FULL, AFFINE, nifti / "low.nii.gz")


def _not_finite(nifti: Path) -> None:
    broken = LOW.copy()
    broken[3, 3, 3] = np.nan
    save_nifti(broken, AFFINE, nifti / "low.nii.gz")


def _empty(nifti: Path) -> None:
    save_nifti(np.zeros_like(LOW), AFFINE, nifti / "low.nii.gz")


def _frames(nifti: Path) -> None:
    save_nifti(np.stack([LOW, LOW], axis=-1), AFFINE, nifti / "low.nii.gz")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (_other_grid, "expected the grid of"),
        (_other_shape, "expected the grid of"),
        (_other_unit, "expected the unit of"),
        (_same_image, "equals"),
        (_not_finite, "[nonfinite]"),
        (_empty, "all are alike"),
        (_frames, "[dimensions]"),
    ],
)
def test_images_that_are_no_pair_are_refused_and_nothing_is_written(
    fault: object, message: str, nifti: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(fault)
    fault(nifti)
    assert run(tmp_path / "out", nifti / "low.nii.gz", nifti / "full.nii.gz") == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("variant", "code"),
    [
        (PetVariant(units="PROPCPS"), "units_unsupported"),
        (PetVariant(series_type="DYNAMIC"), "dynamic_series"),
        (PetVariant().without("FrameOfReferenceUID"), "geometry_missing"),
    ],
)
def test_series_that_cannot_be_used_are_refused_by_code(
    variant: PetVariant, code: str, dicom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pet_dicom(LOW, AFFINE, tmp_path / "other", variant=variant)
    assert run(tmp_path / "out", tmp_path / "other", dicom / "full") == 2
    assert f"[{code}]" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_missing_dose_is_named_where_suv_is_asked_for(
    dicom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variant = PetVariant().without("RadionuclideTotalDose")
    write_pet_dicom(LOW, AFFINE, tmp_path / "other", variant=variant)
    assert run(tmp_path / "out", tmp_path / "other", dicom / "full", "--suv") == 2
    assert "RadionuclideTotalDose" in capsys.readouterr().err
    assert run(tmp_path / "out", tmp_path / "other", dicom / "full") == 0


def test_a_subject_is_replaced_only_on_request(nifti: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(out, nifti / "low.nii.gz", nifti / "full.nii.gz") == 0
    before = listing(out)
    assert run(out, nifti / "low.nii.gz", nifti / "full.nii.gz") == 2
    assert run(out, nifti / "low.nii.gz", nifti / "full.nii.gz", "--overwrite") == 0
    assert listing(out) == before


def test_philips_counts_become_concentrations(dicom: Path, tmp_path: Path) -> None:
    variant = PetVariant(vendor="philips", units="CNTS", philips_suv_factor="both")
    write_pet_dicom(LOW, AFFINE, tmp_path / "philips", variant=variant)
    out = tmp_path / "out"
    assert run(out, tmp_path / "philips", dicom / "full") == 0
    volume, _ = load_nifti(out / "sub-01" / "sub-01_low.nii.gz")
    assert np.abs(volume - LOW).max() <= LOW.max() / 30000
