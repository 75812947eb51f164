"""Names and addresses are refused in one line, and one process at a time makes a store."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.errors import ConfigError
from taskgan_ext.tracking.store_address import StoreAddress, checked_name


@pytest.mark.parametrize("name", ["two\nlines", "a" * 201, True, None, ["a"], "tab\t", "\x00"])
def test_what_cannot_be_a_name_is_refused_in_one_line(name):
    with pytest.raises(ConfigError, match="run_name: expected") as error:
        checked_name("run_name", name)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=200))
def test_any_line_of_text_is_a_name(name):
    assert checked_name("run_name", name) == name


def test_a_number_is_a_name():
    assert checked_name("run_name", 0.5) == "0.5"


def test_an_address_is_shown_without_its_password(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert StoreAddress("postgresql://me:secret@db/x").shown == "postgresql://db/x"


@pytest.mark.parametrize("uri", ["http://", "http://[", "http://127.0.0.1:port"])
def test_an_address_that_is_none_is_refused(uri, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ConfigError, match="tracking_uri http"):
        StoreAddress(uri).check()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigError, match="expected a folder"),
        StoreAddress(f"sqlite:///{tmp_path}/file/in/runs.db").made_by_one(),
    ):
        pass


def test_one_at_a_time_makes_the_file(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    uri = f"sqlite:///{tmp_path}/new/runs.db"
    entered = threading.Event()

    def enter():
        with StoreAddress(uri).made_by_one():
            entered.set()

    other = threading.Thread(target=enter)
    with StoreAddress(uri).made_by_one():
        other.start()
        assert not entered.wait(0.2)
    assert entered.wait(20)
    other.join(20)


@pytest.mark.slow
def test_trainings_that_begin_at_once_make_one_store(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    uri = f"sqlite:///{tmp_path}/new/runs.db"
    code = (
        "import sys; from taskgan_ext.tracking.experiment_store import ExperimentStore\n"
        "from taskgan_ext.tracking.load_mlflow import load_mlflow\n"
        "load_mlflow(); print('ready', flush=True); sys.stdin.readline()\n"
        "print(ExperimentStore(sys.argv[1], 'new').experiment_id)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, uri],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    found = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert found[0] == found[1]


def test_mlflow_reports_nothing_once_the_package_is_imported(tmp_path):
    pytest.importorskip("mlflow")
    code = (
        "import mlflow, taskgan_ext, json; from mlflow.telemetry.utils import is_telemetry_disabled\n"
        "assert is_telemetry_disabled()"
    )
    # Without what tells MLflow that it is tested, which turns the reports off too.
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        env={"HOME": str(tmp_path), "PATH": ""},
        check=True,
        timeout=120,
    )
