"""A real MLflow server, over SQLite and over PostgreSQL: what reaches it, and what never does."""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from bundle_runs import BUNDLES, run_workflow
from monai.bundle import ConfigWorkflow

from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.tracking import delivery
from taskgan_ext.tracking.track_training import TrackTraining

mlflow = pytest.importorskip("mlflow")

pytestmark = pytest.mark.slow

BUNDLE = next(path for path in BUNDLES if path.name == "pet_denoising")
PLANTED = ("MUELLER", "ANNA1931", "clinic-7")
"""Name of a patient in a subject, in a file and in a folder, of the user and of the computer."""
START_S = 120


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def running(command, **settings):
    """Run a program as long as the block lasts."""
    process = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **settings
    )
    try:
        yield process
    finally:
        # The server has children, which end with the group that it leads.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


def wait_until(there, process):
    """Wait until something is there; the process must not end before."""
    end = time.monotonic() + START_S
    while not there():
        assert process.poll() is None, "the program ended as it started"
        assert time.monotonic() < end, "the program does not answer"
        time.sleep(0.2)


@contextlib.contextmanager
def mlflow_server(folder, backend):
    """Address of a server that keeps artefacts in ``folder``."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    options = ["--backend-store-uri", backend, "--artifacts-destination", str(folder / "artefacts")]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment.pop("MLFLOW_TRACKING_URI", None)

    def answers():
        try:
            return urllib.request.urlopen(f"{address}/health", timeout=2).status == 200
        except OSError:
            return False

    with running([*command, "--workers", "1", *options], cwd=folder, env=environment) as process:
        wait_until(answers, process)
        yield address, process


@contextlib.contextmanager
def postgresql(folder):
    """Address of a data base, and a function that dumps it as text."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    pytest.importorskip("pg8000", reason="the driver pg8000 is not installed")
    if not binaries or (os.geteuid() == 0 and not shutil.which("runuser")):
        pytest.skip("PostgreSQL is not installed")
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder.mkdir()
    if user:
        shutil.chown(folder, "postgres")
        for parent in folder.parents:
            if parent.stat().st_uid == os.geteuid() and parent != Path(parent.anchor):
                parent.chmod(parent.stat().st_mode | 0o011)
    port, data = str(free_port()), str(folder / "data")
    initdb = [*user, str(binaries[-1] / "initdb"), "-D", data, "-A", "trust", "-U", "mlflow", "--no-sync"]
    subprocess.run(initdb, cwd=folder, check=True, capture_output=True)
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-k", str(folder)]
    place = ["-h", "127.0.0.1", "-p", port, "-U", "mlflow"]
    server = [*user, str(binaries[-1] / "postgres"), "-D", data, "-p", port, *settings]

    def answers():
        return not subprocess.run(
            [binaries[-1] / "pg_isready", *place], check=False, capture_output=True
        ).returncode

    def dump():
        program = [binaries[-1] / "pg_dump", *place, "mlflow"]
        return subprocess.run(program, check=True, capture_output=True).stdout

    with running(server, cwd=folder) as process:
        wait_until(answers, process)
        subprocess.run([binaries[-1] / "createdb", *place, "mlflow"], check=True, capture_output=True)
        yield f"postgresql+pg8000://mlflow@127.0.0.1:{port}/mlflow", dump


@contextlib.contextmanager
def sqlite_file(folder):
    """Address of a file, and a function that dumps it as text."""
    folder.mkdir()

    def dump():
        with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as connection:
            return "\n".join(connection.iterdump()).encode()

    yield f"sqlite:///{folder}/mlflow.db", dump


class Tracked(NamedTuple):
    """A server, and what it holds after a training and an evaluation."""

    address: str
    dump: Callable[[], bytes]
    artefacts: Path
    server: subprocess.Popen[bytes]


BACKENDS = {"sqlite": sqlite_file, "postgresql": postgresql}


@pytest.fixture(scope="module")
def private_cohort(tiny_cohort, tmp_path_factory):
    """The tiny cohort, with the names of a patient wherever a name can be."""
    folder = tmp_path_factory.mktemp("ANNA1931") / "study of MUELLER"
    content = read_json(tiny_cohort / "datalist.json")
    for section in ("training", "validation", "test"):
        for item in content[section]:
            subject = f"MUELLER_{item['subject']}"
            for key in ("image", "label", "regions"):
                name = f"{subject}/ANNA1931_{key}.nii.gz"
                (folder / subject).mkdir(parents=True, exist_ok=True)
                shutil.copyfile(tiny_cohort / item[key], folder / name)
                item[key] = name
            item["subject"] = subject
    write_json(folder / "datalist.json", content | {"name": "MUELLER", "description": "ANNA1931"})
    return folder


def private_settings(root, cohort, address, **more):
    """Overrides of a run whose folders all have a name in them."""
    root = root / "home of MUELLER"
    return {
        "tracking": str(BUNDLE / "configs" / "tracking.json"),
        "tracking_uri": address,
        "dataset_dir": str(cohort),
        "ckpt_dir": str(root / "models"),
        "task_ckpt_dir": str(root / "models"),
        "output_dir": str(root / "ANNA1931"),
        "track_every": 1,
    } | more


@pytest.fixture(scope="module", params=sorted(BACKENDS))
def tracked(request, private_cohort, tmp_path_factory):
    """Address of a server, dump of its data base, and artefacts of a training and an evaluation."""
    folder = tmp_path_factory.mktemp("server")
    with (
        pytest.MonkeyPatch.context() as patch,
        BACKENDS[request.param](folder / "backend") as (backend, dump),
        mlflow_server(folder, backend) as (address, server),
    ):
        for name in ("USER", "LOGNAME", "USERNAME"):
            patch.setenv(name, "ANNA1931")
        patch.setenv("HOME", "/home/ANNA1931")
        patch.setenv("HOSTNAME", "clinic-7")
        patch.setattr(socket, "gethostname", lambda: "clinic-7")
        patch.setattr(sys, "argv", ["/home/ANNA1931/train.py"])
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        settings = private_settings(tmp_path_factory.mktemp("run"), private_cohort, address)
        run_workflow(BUNDLE, "train", run_id="training", **settings)
        run_workflow(BUNDLE, "train", "evaluate", run_id="evaluating", **settings)
        yield Tracked(address, dump, folder / "artefacts", server)


def test_a_training_and_its_evaluation_reach_the_server(tracked):
    client = mlflow.MlflowClient(tracked.address)
    experiment = client.get_experiment_by_name("pet_denoising")
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    assert [(run.data.tags["kind"], run.info.status) for run in runs] == [
        ("training", "FINISHED"),
        ("evaluation", "FINISHED"),
    ]
    assert "train/loss_gan" in runs[0].data.metrics
    assert "test/restored_psnr" in runs[1].data.metrics
    assert client.get_registered_model("pet_denoising").latest_versions


def test_no_name_reaches_the_server(tracked):
    artefacts = tracked.artefacts
    text = tracked.dump()
    assert b"learning_rate/generator" in text
    assert [name for name in PLANTED if name.encode().lower() in text.lower()] == []
    files = [path for path in artefacts.rglob("*") if path.is_file()]
    assert {".pt", ".json", ".html", ".csv", ".png"} <= {path.suffix for path in files}
    for path in files:
        content = str(path.relative_to(artefacts)).encode() + path.read_bytes()
        assert [name for name in PLANTED if name.encode().lower() in content.lower()] == [], path


def test_pictures_hold_nothing_but_pixels(tracked):
    from PIL import Image

    for path in tracked.artefacts.rglob("*.png"):
        with Image.open(path) as picture:
            assert picture.info == {}
            assert np.ptp(np.asarray(picture)) > 0


def test_the_registered_bundle_of_a_server_restores(tracked, private_cohort, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracked.address)
    folder = mlflow.artifacts.download_artifacts("models:/pet_denoising/1", dst_path=str(tmp_path / "bundle"))
    workflow = ConfigWorkflow(
        f"{folder}/configs/inference.json",
        logging_file=False,
        workflow_type="infer",
        bundle_root=folder,
        dataset_dir=str(private_cohort),
        output_dir=str(tmp_path / "restored"),
    )
    workflow.initialize()
    workflow.run()
    assert len(list((tmp_path / "restored").rglob("*.nii.gz"))) == 2


def test_a_server_that_stops_answering_stops_no_training(tracked, tiny_cohort, tmp_path, monkeypatch, caplog):
    """It is stopped as the first epoch of G ends, and goes on before the same command is given again."""
    server = tracked.server
    monkeypatch.setattr(delivery, "SHORT_PATIENCE_S", 3)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    settings = private_settings(tmp_path, tiny_cohort, tracked.address, experiment_name="away")

    def stop_first(self, engine):
        if self.is_last:
            os.killpg(server.pid, signal.SIGSTOP)
        log(self, engine)

    log = TrackTraining._log
    record = Path(settings["ckpt_dir"]) / "mlflow_run.json"
    try:
        with monkeypatch.context() as patch:
            patch.setattr(TrackTraining, "_log", stop_first)
            workflow = run_workflow(BUNDLE, "train", run_id="training", **settings)
    finally:
        os.killpg(server.pid, signal.SIGCONT)
    trainer = workflow.parser.get_parsed_content("train::trainer")
    assert trainer.state.epoch == trainer.state.max_epochs
    assert {"metrics", "bundle", "registered model", "status"} <= read_json(record)["missing"].keys()
    assert sum("tracking fails" in message for message in caplog.messages) == 1

    run_workflow(BUNDLE, "train", run_id="training", **settings)
    assert read_json(record)["missing"] == {}
    client = mlflow.MlflowClient(tracked.address)
    (run,) = client.search_runs([client.get_experiment_by_name("away").experiment_id])
    assert run.info.status == "FINISHED"
    assert {point.step for point in client.get_metric_history(run.info.run_id, "train/loss")} == {1, 2}
