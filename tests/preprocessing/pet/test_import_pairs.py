"""Two images that are no pair of one scan are refused, or told about, and so is one person twice."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from preprocessing.__main__ import main
from preprocessing.pet.dicom_export import LOW_DOSE_SERIES, write_pet_dicom
from preprocessing.pet.dicom_variant import PetProtocol, PetVariant
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


def _series(nifti: Path, folder: str, volume: np.ndarray, **options: object) -> Path:
    """A DICOM series beside the NIfTI files."""
    change = options.pop("change", None)
    write_pet_dicom(volume, AFFINE, nifti / folder, **options)  # type: ignore[arg-type]
    for path in (nifti / folder).iterdir():
        if callable(change):
            header = dcmread(path)
            change(header)
            header.save_as(path, enforce_file_format=True)
    return nifti / folder


def _lean_body_mass(header: Dataset) -> None:
    header.SUVType = "LBM"


def _another_patient(header: Dataset) -> None:
    header.PatientID = "MRN-0042"


def _no_attenuation(header: Dataset) -> None:
    header.CorrectedImage = ["DECY"]


@pytest.mark.parametrize(
    ("low", "full", "change", "message"),
    [
        (PetVariant(units="GML"), PetVariant(units="GML"), _lean_body_mass, "SUVType (0054,1006) BW"),
        (PetVariant(decay_correction="ADMIN"), PetVariant(), None, "expected the DecayCorrection"),
        (PetVariant(), PetVariant(), _another_patient, "PatientID (0010,0020) is another one"),
        (PetVariant(), PetVariant(), _no_attenuation, "only the full dose is corrected for attenuation"),
    ],
    ids=["lean body mass", "decay", "patient", "attenuation"],
)
def test_series_that_are_no_pair_are_refused_without_names(
    low: PetVariant,
    full: PetVariant,
    change: object,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = _series(tmp_path, "low", LOW, variant=low, number=LOW_DOSE_SERIES, change=change)
    target = _series(tmp_path, "full", FULL, variant=full)
    assert run(tmp_path / "out", source, target) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "MRN-0042" not in error
    assert not (tmp_path / "out").exists()


def test_decay_corrected_to_another_moment_is_a_pair_as_suv(tmp_path: Path) -> None:
    half_lives = PROTOCOL.uptake / PROTOCOL.half_life
    low = _series(
        tmp_path,
        "low",
        LOW * np.float32(2**half_lives),
        variant=PetVariant(decay_correction="ADMIN"),
        number=LOW_DOSE_SERIES,
    )
    assert run(tmp_path / "out", low, _series(tmp_path, "full", FULL), "--suv") == 0
    volume, _ = load_nifti(tmp_path / "out" / "sub-01" / "sub-01_low.nii.gz")
    np.testing.assert_allclose(volume, LOW * PROTOCOL.suv_factor, rtol=1e-3, atol=1e-4 * LOW.max())


def test_other_corrections_studies_and_frames_are_told(
    dicom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(header: Dataset) -> None:
        header.CorrectedImage = ["DECY", "ATTN", "DTIM", "RAN", "NORM"]
        header.FrameOfReferenceUID, header.StudyInstanceUID = "1.2.3.4", "1.2.3.5"

    low = _series(tmp_path, "other", LOW, number=LOW_DOSE_SERIES, change=change)
    assert run(tmp_path / "out", low, dicom / "full") == 0
    told = capsys.readouterr().out
    for text in ("0 corrections of the low dose only, 1 of the full", "different studies", "scanner frames"):
        assert text in told
    assert "1.2.3" not in told
    assert run(tmp_path / "plain", dicom / "low", dicom / "full") == 0
    assert "notice" not in capsys.readouterr().out


def test_one_of_several_series_of_a_folder_is_named(
    dicom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uids = {name: dcmread(next((dicom / name).iterdir())).SeriesInstanceUID for name in ("low", "full")}
    assert run(tmp_path / "a", dicom, dicom) == 2
    assert "[series_mixed]" in capsys.readouterr().err
    chosen = ("--full-series", uids["full"], "--low-series", uids["low"])
    assert run(tmp_path / "a", dicom, dicom, *chosen) == 0
    volume, _ = load_nifti(tmp_path / "a" / "sub-01" / "sub-01_low.nii.gz")
    assert np.abs(volume - LOW).max() <= LOW.max() / 32767
    named = ("--full-series", uids["full"], "--low-series", f"low={uids['low']}")
    assert run(tmp_path / "b", dicom, dicom, *named) == 0
    assert run(tmp_path / "c", dicom, dicom, *chosen, "--low-series", uids["full"]) == 2
    assert "one series for low, got several" in capsys.readouterr().err
    assert run(tmp_path / "c", dicom, dicom, *chosen, "--low-series", "low-2=1.2.3") == 2
    assert "expected a series of full, low, got one of 'low-2'" in capsys.readouterr().err


def test_the_same_low_dose_twice_is_refused(
    nifti: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    low, full = nifti / "low.nii.gz", nifti / "full.nii.gz"
    assert run(tmp_path / "out", low, full, "--low", str(low)) == 2
    assert "each low-dose image once" in capsys.readouterr().err
    copy = nifti / "copy.nii.gz"
    copy.write_bytes(low.read_bytes())
    (nifti / "copy.json").write_text('{"Units": "Bq/mL"}')
    assert run(tmp_path / "out", low, full, "--low", str(copy)) == 2
    assert "equal in every voxel" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_scale_that_no_number_can_hold_is_refused(
    nifti: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_nifti(LOW * np.float32(1e20), AFFINE, nifti / "low.nii.gz")
    assert run(tmp_path / "out", nifti / "low.nii.gz", nifti / "full.nii.gz", "--low-scale", "1e20") == 2
    assert "finite after --low-scale 1e+20" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("unit", "told"), [("kBq/mL", "got kbq/ml"), ("of Jane Doe", "got another text")])
def test_a_unit_that_is_not_known_is_refused(
    unit: str, told: str, nifti: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("low", "full"):
        (nifti / f"{name}.json").write_text(json.dumps({"Units": unit}))
    assert run(tmp_path / "out", nifti / "low.nii.gz", nifti / "full.nii.gz") == 2
    error = capsys.readouterr().err
    assert told in error
    assert "[units_unsupported]" in error


def test_one_person_under_two_names_is_refused(
    nifti: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    low, full, out = nifti / "low.nii.gz", nifti / "full.nii.gz", tmp_path / "out"
    assert run(out, low, full) == 0
    before = listing(out)
    (nifti / "again.nii.gz").write_bytes(full.read_bytes())
    (nifti / "again.json").write_text('{"Units": "Bq/mL"}')
    save_nifti(LOW * np.float32(1.5), AFFINE, low)
    assert run(out, low, nifti / "again.nii.gz", "--subject", "sub-02") == 2
    assert "sub-02 has an image of sub-01" in capsys.readouterr().err
    assert listing(out) == before
    assert run(out, low, full, "--overwrite") == 0


@pytest.mark.parametrize("name", ["old", "done", "scratch"])
def test_any_name_of_a_subject_is_its_own(name: str, nifti: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for options in ((), ("--overwrite",)):
        assert run(out, nifti / "low.nii.gz", nifti / "full.nii.gz", "--subject", name, *options) == 0
    assert (out / name / f"{name}.json").is_file()


def test_a_key_that_is_missing_is_told_with_a_way_to_make_one(
    dicom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "out", dicom / "low", dicom / "full", "--key-file", str(tmp_path / "none")) == 2
    assert "head -c 32 /dev/urandom" in capsys.readouterr().err
