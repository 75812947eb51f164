import json
import os
import signal
import subprocess
import sys
import time

import pytest
from file_digests import digests
from tiny_cases import find_tiny, write_tiny_table

from preprocessing.run.cohort_file import read_cohort_file
from preprocessing.run.run_cohort import run_cohort
from taskgan_ext.data.datalist import check_datalist
from taskgan_ext.errors import ConfigError, DataError

RUN = """
import sys
from pathlib import Path
from tiny_cases import find_tiny
from preprocessing.run.cohort_file import read_cohort_file
from preprocessing.run.run_cohort import run_cohort
run_cohort(read_cohort_file(Path(sys.argv[1]), find_tiny), workers=2)
"""


def run(path, **options):
    return run_cohort(read_cohort_file(path, find_tiny), **options)


def states(result):
    return [report.state for report in result.reports]


def files(out):
    """What a case or the cohort consists of; how a run went is another matter."""
    return {
        name: digest
        for name, digest in digests(out).items()
        if name != "run.json" and not name.startswith("logs/")
    }


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def listed(out):
    content = json.loads((out / "datalist.json").read_text())
    check_datalist(content, out)
    return {
        item["subject"]: section
        for section in ("training", "validation", "test")
        for item in content[section]
    }


@pytest.fixture
def several(tmp_path):
    return write_tiny_table(tmp_path, ["copy"] * 5)


def test_the_number_of_workers_changes_no_byte(several, tmp_path):
    assert states(run(several)) == ["done"] * 5
    (tmp_path / "out").rename(tmp_path / "first")
    assert states(run(several, workers=2)) == ["done"] * 5
    assert files(tmp_path / "out") == files(tmp_path / "first")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "datalist.json",
        "run.json",
        *(f"sub-{number:02d}" for number in range(1, 6)),
    ]


def test_bad_cases_are_listed_with_their_reasons_and_spoil_no_other(tmp_path):
    actions = ["copy", "fail", "refuse", "end", "kill", "full", "copy"]
    path = write_tiny_table(tmp_path, actions, head="retries = 0")
    result = run(path, workers=2)
    assert states(result) == ["done", *["failed"] * 5, "done"]
    assert [(report.code, report.reason) for report in result.reports[1:6]] == [
        ("ZeroDivisionError", "ZeroDivisionError; details are in logs/sub-02.log"),
        ("DataError", "expected a scan, got a picture"),
        ("died", "its process ended by itself with status 3"),
        ("died", "its process was ended by SIGKILL; memory may be short: run again with fewer workers"),
        ("OSError", "No space left on device; details are in logs/sub-06.log"),
    ]
    out = tmp_path / "out"
    assert set(listed(out)) == {"sub-01", "sub-07"}
    assert sorted(path.name for path in out.iterdir()) == [
        "datalist.json",
        "logs",
        "run.json",
        "sub-01",
        "sub-07",
    ]
    assert "Traceback" in (out / "logs/sub-02.log").read_text()
    assert sorted(path.name for path in (out / "logs").iterdir()) == [
        f"sub-{number:02d}.log" for number in range(2, 7)
    ]
    assert (out / "logs/sub-03.log").read_text() == "DataError: expected a scan, got a picture\n"
    record = json.loads((out / "run.json").read_text())
    assert all("reason" not in case for case in record["cases"])
    assert [case["state"] for case in record["cases"]] == states(result)
    assert record["cases"][0]["notices"] == ["worth knowing"]
    assert record["versions"]["taskgan-ext"]


def test_a_case_that_hangs_is_ended_and_one_that_fails_once_is_tried_again(tmp_path):
    path = write_tiny_table(tmp_path, ["hang", "once"], head="timeout_minutes = 0.005")
    hung = run(path, workers=2).reports[0]
    assert (hung.state, hung.code, hung.attempts) == ("failed", "time_limit", 2)
    assert hung.reason == "it took longer than the limit of 0.3 s"
    (tmp_path / "text-2.marker").unlink(missing_ok=True)
    path = write_tiny_table(tmp_path, ["copy", "once"])
    assert [(report.state, report.attempts) for report in run(path).reports] == [("done", 1), ("done", 2)]


def test_a_second_run_does_only_what_is_missing_failed_or_changed(several, tmp_path):
    change(
        several,
        'file = "text-4.txt"\nvalue = 0\naction = "copy"',
        'file = "text-4.txt"\nvalue = 0\naction = "fail"',
    )
    assert states(run(several)) == ["done", "done", "done", "failed", "done"]
    before = listed(tmp_path / "out")
    change(
        several,
        'file = "text-4.txt"\nvalue = 0\naction = "fail"',
        'file = "text-4.txt"\nvalue = 0\naction = "copy"',
    )
    change(several, 'file = "text-2.txt"\nvalue = 0', 'file = "text-2.txt"\nvalue = 0.5')
    (tmp_path / "text-3.txt").write_text("another text")
    (tmp_path / "out/sub-05/copy.txt").unlink()
    kept = (tmp_path / "out/sub-01").stat().st_mtime_ns
    assert states(run(several)) == ["skipped", "done", "done", "done", "done"]
    assert (tmp_path / "out/sub-01").stat().st_mtime_ns == kept
    assert (tmp_path / "out/sub-03/copy.txt").read_text() == "another text"
    assert listed(tmp_path / "out").items() >= before.items()
    assert states(run(several)) == ["skipped"] * 5


def test_data_may_move_to_another_place(several, tmp_path):
    run(several)
    elsewhere = tmp_path.with_name(f"{tmp_path.name}-elsewhere")
    tmp_path.rename(elsewhere)
    assert states(run(elsewhere / several.name)) == ["skipped"] * 5


def test_a_subject_that_fails_for_a_while_comes_back_to_its_section(tmp_path):
    path = write_tiny_table(tmp_path, ["copy"] * 12)
    run(path)
    before = listed(tmp_path / "out")
    assert set(before.values()) == {"training", "validation", "test"}
    path.write_text(path.read_text().replace('"copy"', '"refuse"'))
    assert states(run(path)) == ["failed"] * 12
    assert not (tmp_path / "out/datalist.json").exists()
    path.write_text(path.read_text().replace('"refuse"', '"copy"'))
    (tmp_path / "text-13.txt").write_text("new")
    path.write_text(f'{path.read_text()}\n[[subjects]]\nsubject = "new"\nfile = "text-13.txt"\nvalue = 1\n')
    assert states(run(path)) == ["skipped"] * 12 + ["done"]
    assert listed(tmp_path / "out").items() > before.items()


def test_ctrl_c_leaves_complete_cases_and_the_next_run_goes_on(tmp_path):
    path = write_tiny_table(tmp_path, ["copy", "wait", "wait", "copy"])
    ended = end_when(path, tmp_path / "text-2.started", signal.SIGINT)
    assert "KeyboardInterrupt" in ended
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == ["run.json", "sub-01"]
    record = json.loads((out / "run.json").read_text())
    assert [case["state"] for case in record["cases"]] == ["done", "not run", "not run", "not run"]
    go_on(tmp_path, path)


def test_a_killed_run_leaves_complete_cases_and_the_next_run_goes_on(tmp_path):
    path = write_tiny_table(tmp_path, ["copy", "wait", "wait", "copy"])
    end_when(path, tmp_path / "text-2.started", signal.SIGKILL)
    go_on(tmp_path, path)


def end_when(path, sign, number):
    """Start a run, and send it a signal when two cases wait for what never comes."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", RUN, str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        while not (sign.exists() and sign.with_name("text-3.started").exists()):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        return process.communicate()[1]


def go_on(folder, path):
    for number in (2, 3):
        (folder / f"text-{number}.go").touch()
    assert states(run(path)) == ["skipped", "done", "done", "done"]
    assert not [path for path in (folder / "out").iterdir() if path.name.startswith(".")]
    once = folder / "once"
    once.mkdir()
    (folder / "out").rename(once / "out")
    run(path)
    assert files(folder / "out") == files(once / "out")


def test_two_runs_into_one_folder_wait_for_each_other(several, tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", RUN, str(several)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) for _ in "ab"]
    told = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    assert set(listed(tmp_path / "out")) == {f"sub-{number:02d}" for number in range(1, 6)}


def test_folders_of_others_are_refused_and_left_alone(several, tmp_path):
    (tmp_path / "out/sub-02").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"holds sub-02, made by another command; choose another out"):
        run(several)
    (tmp_path / "out/sub-02").rename(tmp_path / "out/other")
    (tmp_path / "out/datalist.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"holds datalist.json, made by another command"):
        run(several)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["datalist.json", "other"]


def test_a_folder_with_cases_of_another_kind_is_refused(several, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/run.json").write_text('{"kind": "pet-import"}')
    with pytest.raises(ConfigError, match="holds cases of kind pet-import, not tiny"):
        run(several)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "at least 1 worker"),
        ({"scheduler": "processes"}, "dask://HOST:PORT"),
        ({"scheduler": "dask://host"}, "dask://HOST:PORT"),
        ({"scheduler": "dask://host:99999"}, "dask://HOST:PORT"),
    ],
)
def test_impossible_options_are_refused_before_anything_is_written(several, tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        run(several, **options)
    assert not (tmp_path / "out").exists()


def test_a_cluster_that_is_not_there_is_one_line(several, tmp_path, monkeypatch):
    monkeypatch.setattr("preprocessing.cluster._CONNECT", 0.5)
    with pytest.raises(DataError, match=r"tcp://127\.0\.0\.1:9: expected the scheduler of a Dask cluster"):
        run(several, scheduler="dask://127.0.0.1:9")
    record = json.loads((tmp_path / "out/run.json").read_text())
    assert {case["state"] for case in record["cases"]} == {"not run"}
