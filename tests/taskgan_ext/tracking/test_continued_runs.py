"""A run goes on where its training goes on, with a true account of who did what, and nowhere else."""

import hashlib
from pathlib import Path
from urllib.parse import urlparse

import pytest
from tiny_training import make_tiny_networks, slice_data, slice_loader

from taskgan_ext.engines.task_network_trainer import TaskNetworkTrainer
from taskgan_ext.errors import DataError
from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint
from taskgan_ext.tracking.run_file import Position, RunRecord, goes_on, read_record, write_record
from taskgan_ext.tracking.track_training import TrackTraining
from taskgan_ext.tracking.tracked_bundle import TrackedBundle


def fail(engine):
    raise DataError("damaged")


def train_task_network(experiment, run, folder):
    """The stage before: T is trained, or found complete in its folder."""
    network = make_tiny_networks().task_network
    TaskNetworkTrainer(
        "cpu",
        1,
        slice_loader(slice_data(), num_samples=4),
        network,
        experiment.optimizer(network),
        hyperparameters={"learning_rate": 0.1},
        train_handlers=[
            TrainingCheckpoint(folder / "task_state.pt", {"network": network}, {"task_network": network}),
            TrackTraining(run, stage="task"),
        ],
    ).run()


def train_both(experiment, interrupt=None):
    """T, then G, in one run, as one command does it."""
    run = experiment.run()
    train_task_network(experiment, run, experiment.folder / "models")
    experiment.train(interrupt, run)


def registered_files(experiment, number):
    """Content and time of the files of a run's bundle."""
    folder = Path(urlparse(experiment.runs[number].info.artifact_uri).path) / "bundle"
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()
    }


def test_a_training_whose_state_was_deleted_is_another_run_and_another_version(experiment):
    train_both(experiment)
    before, files = experiment.runs[0].to_dictionary(), registered_files(experiment, 0)
    for name in ("state.pt", "model.pt"):
        (experiment.folder / "models" / name).unlink()
    train_both(experiment)
    first, second = experiment.runs
    assert first.to_dictionary() == before
    assert files
    assert registered_files(experiment, 0) == files
    assert experiment.steps("train/loss", 0) == experiment.steps("train/loss", 1) == [1, 2, 3]
    versions = experiment.client.search_model_versions(f"name = '{experiment.name}'")
    assert {version.run_id for version in versions} == {first.info.run_id, second.info.run_id}
    assert second.info.status == "FINISHED"


def test_what_is_delivered_late_leaves_a_registered_version_alone(experiment):
    experiment.train()
    files = registered_files(experiment, 0)
    record = read_record(experiment.folder / "models")
    record.missing = {"metrics": 1}
    write_record(record, experiment.folder / "models")
    (experiment.folder / "models" / "model.pt").write_bytes(b"other")
    experiment.train()
    assert len(experiment.runs) == 1
    assert registered_files(experiment, 0) == files
    assert experiment.record["missing"] == {}


@pytest.mark.parametrize(
    ("epochs", "status", "stage", "seen", "expected"),
    [
        ({"task": 4, "train": 3}, "FINISHED", "train", {"task": (4, True), "train": (0, False)}, False),
        ({"task": 4, "train": 3}, "FAILED", "train", {"task": (4, True), "train": (0, False)}, False),
        ({"task": 4, "train": 3}, "FINISHED", "train", {"task": (4, True), "train": (2, False)}, False),
        ({"task": 4, "train": 3}, "FINISHED", "train", {"task": (4, True), "train": (3, True)}, True),
        ({"task": 4, "train": 3}, "KILLED", "task", {"task": (2, False)}, False),
        ({"task": 4, "train": 3}, "KILLED", "task", {"task": (0, False)}, False),
        ({"task": 2}, "KILLED", "task", {"task": (2, False)}, True),
        ({"task": 2}, "KILLED", "task", {"task": (0, False)}, False),
        ({"task": 4}, "RUNNING", "train", {"task": (4, True), "train": (0, False)}, True),
        ({}, "RUNNING", "train", {"task": (4, True), "train": (0, False)}, False),
        ({}, "RUNNING", "train", {"train": (1, False)}, True),
        ({"train": 2}, "RUNNING", "train", {"train": (3, False)}, True),
    ],
)
def test_a_run_goes_on_where_its_own_state_is(epochs, status, stage, seen, expected):
    record = RunRecord("id", "name", "store", "experiment", status, epochs)
    assert goes_on(record, stage, {name: Position(*where) for name, where in seen.items()}) is expected


def test_a_continued_run_tells_the_environment_of_both_processes(experiment, monkeypatch):
    version = {"bundle.version": "1"}
    first = version | {"git.commit": "a", "processes": "2", "version.torch": "2", "bundle.git.commit": "b"}
    monkeypatch.setattr(TrackedBundle, "environment", lambda _: first)
    with pytest.raises(DataError):
        experiment.train(fail)
    assert experiment.runs[0].data.tags["error"] == "DataError"
    second = version | {"git.commit": "c", "processes": "1", "version.torch": "2"}
    monkeypatch.setattr(TrackedBundle, "environment", lambda _: second)
    experiment.train()
    (run,) = experiment.runs
    assert run.info.status == "FINISHED"
    told = {name: value for name, value in run.data.tags.items() if not name.startswith(("mlflow", "kind"))}
    told = {name: value for name, value in told.items() if not name.startswith("weights")}
    assert told.pop("bundle") == experiment.name
    assert told == second | {
        "sessions": "2",
        "session.1.git.commit": "a",
        "session.1.processes": "2",
        "session.1.bundle.git.commit": "b",
        "session.1.error": "DataError",
    }


def test_a_run_that_trained_t_and_one_that_found_it_say_so(experiment, tmp_path):
    models = experiment.folder / "models"
    train_both(experiment)
    digest = hashlib.sha256((models / "task_network.pt").read_bytes()).hexdigest()
    experiment.folder = tmp_path / "other"
    run = experiment.run()
    train_task_network(experiment, run, models)
    experiment.train(run=run)
    of_t = [
        {name: value for name, value in run.data.params.items() if name.startswith("task")}
        for run in experiment.runs
    ]
    shared = {"task.learning_rate": "0.1", "task.weights": digest}
    assert of_t == [shared | {"task": "trained"}, shared | {"task": "loaded"}]


def test_a_run_that_trained_t_stays_so_when_g_is_continued(experiment):
    with pytest.raises(DataError):
        train_both(experiment, fail)
    train_both(experiment)
    (run,) = experiment.runs
    assert run.data.params["task"] == "trained"
    assert experiment.record["missing"] == {}
