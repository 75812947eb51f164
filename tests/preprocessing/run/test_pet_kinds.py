"""Cohorts of PET: from images, and from list-mode files."""

import json
from pathlib import Path

import numpy as np
import pytest
from file_digests import digests

from preprocessing.__main__ import main
from preprocessing.pet.dicom_export import LOW_DOSE_SERIES, write_pet_dicom
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.io.nifti import load_nifti

AFFINE = np.diag([-3.0, -3.0, 4.0, 1.0])
PAIRS = 4


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    rng = np.random.default_rng(0)
    for number in range(PAIRS):
        full = rng.gamma(3.0, 2000.0, (16, 16, 6)).astype(np.float32)
        low = (full * rng.gamma(4.0, 0.25, full.shape)).astype(np.float32)
        write_pet_dicom(full, AFFINE, folder / f"{number}" / "full", seed=number)
        write_pet_dicom(low, AFFINE, folder / f"{number}" / "low", seed=number, number=LOW_DOSE_SERIES)
    (folder / "key").write_bytes(bytes(range(32)))
    return folder


def cohort_file(scans: Path, out: Path, *, key: bool = True) -> Path:
    path = out.with_suffix(".toml")
    rows = "\n".join(
        f"case-{number},{scans / str(number) / 'low'},{scans / str(number) / 'full'},{number % 2}"
        for number in range(PAIRS)
    )
    table = out.with_suffix(".csv")
    table.write_text(f"subject,low,full,property\n{rows}\n")
    defaults = f'[defaults]\nkey_file = "{scans / "key"}"\n' if key else ""
    path.write_text(
        f'[cohort]\nkind = "pet-import"\nout = "{out}"\ntable = "{table}"\nretries = 0\n{defaults}'
    )
    return path


def test_a_table_of_dicom_pairs_becomes_a_cohort_alike_for_any_number_of_workers(
    scans: Path, tmp_path: Path
) -> None:
    for workers in (1, 2):
        path = cohort_file(scans, tmp_path / str(workers))
        assert main(["run", str(path), "--workers", str(workers)]) == 0
    found = [digests(tmp_path / str(workers)) for workers in (1, 2)]
    for files in found:
        files.pop("run.json")  # holds how long it took
    assert found[0] == found[1]
    items = load_datalist(str(tmp_path / "1"), ["training", "validation", "test"], make_with="")
    assert sorted(item["subject"] for item in items) == [f"case-{number}" for number in range(PAIRS)]


def test_dicom_without_a_key_is_refused_before_anything_runs(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(cohort_file(scans, tmp_path / "out", key=False))]) == 2
    assert "expected a key_file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_broken_series_is_listed_with_its_code_and_spoils_no_other(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = cohort_file(scans, tmp_path / "out")
    table = tmp_path / "out.csv"
    rows = table.read_text().splitlines()
    broken = tmp_path / "broken"
    write_pet_dicom(np.ones((16, 16, 2), np.float32), AFFINE, broken)
    rows[1] = f"case-0,{broken},{scans / '0' / 'full'},0"
    table.write_text("\n".join(rows) + "\n")
    assert main(["run", str(path), "--workers", "2"]) == 1
    report = json.loads((tmp_path / "out" / "run.json").read_text())
    states = {case["subject"]: (case["state"], case["code"]) for case in report["cases"]}
    assert states["case-0"] == ("failed", "slices_too_few")
    assert [state for state, _ in states.values()].count("done") == PAIRS - 1
    assert "slices_too_few" in capsys.readouterr().out
    assert not (tmp_path / "out" / "case-0").exists()


@pytest.mark.slow
def test_list_mode_files_become_pairs_on_one_scale(tmp_path: Path) -> None:
    assert main(["pet", "example", "--out", str(tmp_path / "scan"), "--seconds", "0.5"]) == 0
    path = tmp_path / "cohort.toml"
    path.write_text(
        '[cohort]\nkind = "pet-listmode"\nout = "pairs"\n'
        "[defaults]\nkeep = [0.1, 0.5]\nrealisations = 2\nmatrix = 64\nvoxel_size = 4.68\n"
        '[[subjects]]\nsubject = "sub-01"\nfile = "scan/scan.petsird"\nattenuation = "scan/mu.nii.gz"\n'
        "property = 1\n"
    )
    assert main(["run", str(path)]) == 0
    items = json.loads((tmp_path / "pairs" / "datalist.json").read_text())
    cases = [item for section in ("training", "validation", "test") for item in items[section]]
    assert {(item["dose"], item["realisation"]) for item in cases} == {(0.1, 1), (0.1, 2), (0.5, 1), (0.5, 2)}
    full, _ = load_nifti(tmp_path / "pairs" / cases[0]["label"])
    recipe = json.loads((tmp_path / "pairs" / "sub-01" / "sub-01.json").read_text())["reconstruction"]
    # What the lowest dose needs; half the events of this scan would allow more subsets.
    assert recipe["ReconMethodParameterValues"][1] < 14
    for item in cases:
        low, _ = load_nifti(tmp_path / "pairs" / item["image"])
        # The fraction is part of the model, so images of all doses have one unit.
        assert 0.9 < low.mean(dtype=np.float64) / full.mean(dtype=np.float64) < 1.1
        assert low.std() > full.std()
    assert sorted(path.name for path in (tmp_path / "pairs" / "sub-01").iterdir()) == [
        "case.json",
        "sub-01.json",
        *(f"sub-01_dose-{dose}{real}.nii.gz" for dose in (10, 50) for real in ("", "_real-2")),
        "sub-01_full.nii.gz",
        "sub-01_pair.png",
    ]
