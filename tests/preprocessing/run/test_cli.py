import json
import shutil

import numpy as np
import pytest
from file_digests import digests
from tiny_cases import write_tiny_table

from preprocessing.__main__ import main
from preprocessing.run.kinds import KINDS
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.keys import SECTIONS

TABLE = """subject,mdme,T1w,T2FLAIR,lesions
{rows}
"""


@pytest.fixture(autouse=True)
def tiny_kind(monkeypatch):
    monkeypatch.setitem(KINDS, "tiny", ("tiny_cases", "TinyKind", "none"))


def test_all_done_is_status_0_and_says_where_everything_is(tmp_path, capsys):
    path = write_tiny_table(tmp_path, ["copy"] * 4)
    assert main(["run", str(path)]) == 0
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        f"4 cases: 4 done, 0 skipped, 0 failed; details: {tmp_path}/out/run.json",
        f"data list: {tmp_path}/out/datalist.json (2 training, 1 validation, 1 test)",
    ]
    assert "4/4" in output.err
    assert main(["run", str(path), "--workers", "2"]) == 0
    assert "4 cases: 0 done, 4 skipped, 0 failed" in capsys.readouterr().out


def test_some_failed_is_status_1_and_a_table_of_reasons(tmp_path, capsys):
    path = write_tiny_table(tmp_path, ["refuse", "copy", "end"], head="retries = 2")
    assert main(["run", str(path)]) == 1
    assert capsys.readouterr().out.splitlines()[2:] == [
        "subject  attempts  code       reason",
        "sub-01   1         DataError  expected a scan, got a picture",
        "sub-03   3         died       its process ended by itself with status 3",
    ]


def test_all_failed_is_status_1_without_a_data_list(tmp_path, capsys):
    path = write_tiny_table(tmp_path, ["refuse", "refuse"])
    assert main(["run", str(path)]) == 1
    assert "data list" not in capsys.readouterr().out
    assert not (tmp_path / "out/datalist.json").exists()


def test_a_bad_file_is_status_2_and_writes_nothing(tmp_path, capsys):
    path = write_tiny_table(tmp_path, ["copy"], row='valu = "1"')
    before = digests(tmp_path)
    assert main(["run", str(path)]) == 2
    assert "column 'valu' is not known; did you mean 'value'?" in capsys.readouterr().err
    assert digests(tmp_path) == before
    assert main(["run", str(tmp_path)]) == 2
    assert "Is a directory" in capsys.readouterr().err


def test_interruption_is_status_130_and_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    path = write_tiny_table(tmp_path, ["copy"])
    monkeypatch.setattr("preprocessing.run.run_cohort.map_cases", interrupt)
    assert main(["run", str(path)]) == 130
    assert "give the same command again" in capsys.readouterr().err


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Three people in DICOM."""
    folder = tmp_path_factory.mktemp("scans")
    small = ["--subjects", "3", "--slices", "6", "--resolution", "4", "--format", "dicom"]
    assert main(["mr", "simulate", *small, "--out", str(folder)]) == 0
    return folder


@pytest.mark.slow
def test_a_cohort_of_scans_is_imported_as_one_by_one(scans, tmp_path, capsys):
    rows = [
        [
            f"{n}",
            *(f"{scans}/sub-00{n}/dicom/{part}" for part in ("mdme", "T1w", "T2FLAIR", "lesions.nii.gz")),
        ]
        for n in (1, 2, 3)
    ]
    bad = tmp_path / "bad"
    shutil.copytree(rows[2][1], bad)
    next(bad.rglob("*.dcm")).write_bytes(b"no DICOM")
    rows[2][1] = str(bad)
    text = "\n".join(",".join([f"sub-0{row[0]}", *row[1:]]) for row in rows)
    (tmp_path / "table.csv").write_text(TABLE.format(rows=text))
    path = tmp_path / "cohort.toml"
    path.write_text('[cohort]\nkind = "mr-import"\nout = "out"\ntable = "table.csv"\n')
    assert main(["run", str(path), "--workers", "2"]) == 1
    printed = capsys.readouterr().out
    assert "3 cases: 2 done, 0 skipped, 1 failed" in printed
    assert "sub-03" in printed.splitlines()[-1]
    one = rows[0]
    contrasts = ["--contrast", f"T1w={one[2]}", "--contrast", f"T2FLAIR={one[3]}", "--lesions", one[4]]
    assert main(["mr", "import", "--mdme", one[1], *contrasts, "--out", str(tmp_path / "single")]) == 0
    alone, among = digests(tmp_path / "single/sub-01"), digests(tmp_path / "out/sub-01")
    assert among.pop("case.json")
    assert among == alone
    record = json.loads((tmp_path / "out/run.json").read_text())
    assert [case["state"] for case in record["cases"]] == ["done", "done", "failed"]
    assert record["kind"] == "mr-import"


def test_a_cohort_of_pet_pairs_is_imported(tmp_path, capsys):
    rows = []
    for number in range(4):
        rng = np.random.default_rng(number)
        for dose, counts in (("full", 1000), ("low", 10)):
            volume = (rng.poisson(counts, (16, 16, 4)) * (1000 / counts)).astype(np.float32)
            save_nifti(volume, np.diag([2.0, 2.0, 3.0, 1.0]), tmp_path / f"{dose}-{number}.nii.gz")
        rows.append(f"sub-0{number},low-{number}.nii.gz,full-{number}.nii.gz,{number % 2}")
    (tmp_path / "low-3.nii.gz").write_bytes((tmp_path / "full-3.nii.gz").read_bytes())
    (tmp_path / "table.csv").write_text("\n".join(["subject,low,full,property", *rows]))
    path = tmp_path / "cohort.toml"
    path.write_text('table = "table.csv"\n[cohort]\nkind = "pet-import"\nout = "out"\n')
    assert main(["run", str(path), "--workers", "2"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("4 cases: 3 done, 0 skipped, 1 failed")
    assert "expected a low-dose image, but it equals" in printed[-1]
    items = load_datalist(tmp_path / "out", SECTIONS)
    assert {item["subject"]: item["property"] for item in items} == {"sub-00": 0, "sub-01": 1, "sub-02": 0}
