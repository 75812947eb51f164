"""Cohorts of PET whose folders name patients, whose files have companions, and whose people come twice."""

import json
from pathlib import Path

import numpy as np
import pytest
from listmode_files import write_petsird, write_siemens
from pydicom import dcmread

from preprocessing.__main__ import main
from preprocessing.pet.dicom_export import LOW_DOSE_SERIES, write_pet_dicom
from preprocessing.run.cohort_file import read_cohort_file
from preprocessing.run.input_columns import column_of, without_paths
from taskgan_ext.io.nifti import save_nifti

AFFINE = np.diag([-3.0, -3.0, 4.0, 1.0])
RNG = np.random.default_rng(0)
FULL = RNG.gamma(3.0, 2000.0, (16, 16, 6)).astype(np.float32)
LOW = (FULL * RNG.gamma(4.0, 0.25, FULL.shape)).astype(np.float32)


def cohort(folder: Path, kind: str, *rows: str, defaults: str = "") -> Path:
    path = folder / "cohort.toml"
    subjects = "".join(f"[[subjects]]\n{row}\n" for row in rows)
    path.write_text(f'[cohort]\nkind = "{kind}"\nout = "out"\n[defaults]\n{defaults}\n{subjects}')
    return path


def pair(folder: Path, subject: str, low: str, full: str) -> str:
    for name, volume in ((low, LOW), (full, FULL)):
        if not (folder / f"{name}.nii.gz").exists():
            save_nifti(volume * np.float32(1 + len(subject)), AFFINE, folder / f"{name}.nii.gz")
        (folder / f"{name}.json").write_text('{"Units": "Bq/mL"}')
    return f'subject = "{subject}"\nlow = "{low}.nii.gz"\nfull = "{full}.nii.gz"\nproperty = 1'


def cases(folder: Path) -> list[dict[str, object]]:
    return list(json.loads((folder / "out" / "run.json").read_text())["cases"])


def test_names_of_folders_are_told_on_the_terminal_and_in_logs_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for number, name in enumerate(("DOE_JANE", "ROE_RICHARD"), start=1):
        write_pet_dicom(FULL, AFFINE, tmp_path / name / "full", seed=number)
        write_pet_dicom(LOW, AFFINE, tmp_path / name / "low", seed=number, number=LOW_DOSE_SERIES)
        rows.append(f'subject = "sub-0{number}"\nlow = "{name}/low"\nfull = "{name}/full"\nproperty = 1')
    (tmp_path / "DOE_JANE" / "low" / "readme.txt").write_text("x")
    next((tmp_path / "ROE_RICHARD" / "low").glob("*.dcm")).unlink()
    (tmp_path / "key").write_bytes(bytes(range(64)))
    assert main(["run", str(cohort(tmp_path, "pet-import", *rows, defaults='key_file = "key"'))]) == 1
    assert "ROE_RICHARD" in capsys.readouterr().out
    out = tmp_path / "out"
    named = [path for path in out.rglob("*") if path.is_file() and b"_JANE" in path.read_bytes()]
    named += [path for path in out.rglob("*") if path.is_file() and b"RICHARD" in path.read_bytes()]
    assert [str(path.relative_to(out)) for path in named] == ["logs/sub-02.log"]
    done, failed = cases(tmp_path)
    assert done["notices"] == ["1 files that are no DICOM files were left out"]
    assert (failed["code"], failed["column"]) == ("incomplete", "low")


def test_paths_become_the_names_of_their_columns() -> None:
    inputs = {"low": Path("/data/DOE/low"), "full": Path("/data/DOE/low-2")}
    assert without_paths("/data/DOE/low-2: as /data/DOE/low", inputs) == "[full]: as [low]"
    assert column_of("/data/DOE/low-2/1.dcm: as /data/DOE/low", inputs) == "full"
    assert column_of("no file", inputs) == ""


def test_a_unit_that_is_changed_beside_an_image_is_read_again(tmp_path: Path) -> None:
    path = cohort(tmp_path, "pet-import", pair(tmp_path, "sub-01", "low", "full"))
    for unit, expected in (("Bq/mL", "Bq/ml"), ("SUV", "SUV (g/ml)")):
        for name in ("low", "full"):
            (tmp_path / f"{name}.json").write_text(json.dumps({"Units": unit}))
        assert main(["run", str(path)]) == 0
        assert json.loads((tmp_path / "out/sub-01/sub-01.json").read_text())["units"] == expected
    assert main(["run", str(path)]) == 0
    assert cases(tmp_path)[0]["state"] == "skipped"


@pytest.mark.parametrize("change", ["header", "report", "events"])
def test_the_files_of_a_list_mode_scan_count_together(tmp_path: Path, change: str) -> None:
    write_siemens(tmp_path / "scan.l")
    row = f'subject = "sub-01"\nfile = "scan.l{".hdr" if change == "events" else ""}"\nproperty = 1'
    path = cohort(tmp_path, "pet-listmode", row, defaults="keep = [0.5]")
    first, again = (read_cohort_file(path).cases[0].fingerprint for _ in range(2))
    assert first == again
    changed = {"header": "scan.l.hdr", "report": "scan.json", "events": "scan.l"}[change]
    with (tmp_path / changed).open("ab") as file:
        file.write(b"\r\n\r\n")
    assert read_cohort_file(path).cases[0].fingerprint != first


@pytest.mark.parametrize("wrong", ["keep = [1.5]", "keep = [0.5]\nrealisations = 3", "keep = [0]"])
def test_doses_that_do_not_fit_in_a_scan_are_told_before_anything_is_written(
    tmp_path: Path, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_petsird(tmp_path / "scan.petsird")
    row = f'subject = "sub-01"\nfile = "scan.petsird"\nproperty = 1\n{wrong}'
    assert main(["run", str(cohort(tmp_path, "pet-listmode", row))]) == 2
    assert "nothing was" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_thinned_file_in_a_cohort_is_refused(tmp_path: Path) -> None:
    source = write_petsird(tmp_path / "scan.petsird")
    assert main(["pet", "thin", str(source), "--keep", "0.5", "--out", str(tmp_path)]) == 0
    row = 'subject = "sub-01"\nfile = "scan_dose-50.petsird"\nproperty = 1'
    assert main(["run", str(cohort(tmp_path, "pet-listmode", row, defaults="keep = [0.5]"))]) == 1
    assert cases(tmp_path)[0]["code"] == "ConfigError"


def test_one_person_under_two_names_is_in_the_list_once(tmp_path: Path) -> None:
    first = pair(tmp_path, "sub-01", "low", "full")
    for name in ("low", "full"):
        (tmp_path / f"{name}2.nii.gz").write_bytes((tmp_path / f"{name}.nii.gz").read_bytes())
    second = pair(tmp_path, "sub-02", "low2", "full2")
    path = cohort(tmp_path, "pet-import", first, second)
    for state in ("done", "skipped"):
        assert main(["run", str(path)]) == 1
        assert [case["state"] for case in cases(tmp_path)] == [state, "failed"]
        assert cases(tmp_path)[1]["code"] == "same_person"
        assert "sub-02" not in (tmp_path / "out" / "datalist.json").read_text()


@pytest.mark.parametrize("name", ["replaced", "scratch", "old", "done"])
def test_any_name_of_a_subject_can_be_done_again(tmp_path: Path, name: str) -> None:
    row = pair(tmp_path, name, "low", "full")
    for number in (1, 0):
        path = cohort(tmp_path, "pet-import", row.replace("property = 1", f"property = {number}"))
        assert main(["run", str(path)]) == 0
        assert json.loads((tmp_path / f"out/{name}/{name}.json").read_text())["property"] == number


def test_a_series_of_a_folder_can_be_named(tmp_path: Path) -> None:
    uids = {}
    for name, volume, number in (("low", LOW, LOW_DOSE_SERIES), ("full", FULL, 10)):
        write_pet_dicom(volume, AFFINE, tmp_path / "dicom" / name, number=number)
        uids[name] = dcmread(next((tmp_path / "dicom" / name).iterdir())).SeriesInstanceUID
    row = (
        'subject = "sub-01"\nlow = "dicom"\nfull = "dicom"\nproperty = 1\nkeep_identity = true\n'
        f'low_series = "{uids["low"]}"\nfull_series = "{uids["full"]}"'
    )
    assert main(["run", str(cohort(tmp_path, "pet-import", row))]) == 0
    source = json.loads((tmp_path / "out/sub-01/sub-01.json").read_text())["source"]
    assert {name: found["SeriesInstanceUID"] for name, found in source.items()} == uids
