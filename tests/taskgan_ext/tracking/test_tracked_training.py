"""A training has one run from its beginning to its end, and no other training ever has it."""

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from ignite.engine import Events
from tiny_training import make_tiny_networks, make_trainer, slice_data, slice_loader, step_losses

from taskgan_ext.errors import DataError
from taskgan_ext.handlers.progress import Progress
from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint
from taskgan_ext.handlers.training_record import TrainingRecord
from taskgan_ext.keys import LOSS, LOSS_TERMS
from taskgan_ext.tracking.experiment_store import ExperimentStore
from taskgan_ext.tracking.track_training import TrackTraining
from taskgan_ext.tracking.tracked_run import TrackedRun

EPOCHS = 3
STEPS = 2


class Experiment:
    """One experiment of the store, and trainings that are tracked in it."""

    def __init__(self, database, folder):
        self.database, self.folder, self.name = database, folder, folder.name

    def run(self, **settings):
        """The shared run of a training."""
        return TrackedRun(self.database, self.name, self.folder / "models", self.folder, **settings)

    def train(self, interrupt=None, run=None, epochs=EPOCHS, seed=0, **settings):
        """Train, or continue; ``interrupt`` is called as the first new epoch ends, after the checkpoint."""
        models = self.folder / "models"
        networks = make_tiny_networks(seed)
        state = {**networks._asdict()}
        handlers = [
            Progress("training"),
            TrainingRecord(models),
            TrainingCheckpoint(models / "state.pt", state, {"model": networks.generator}),
            TrackTraining(run or self.run(**settings), every=1, history=models / "history.csv"),
        ]
        trainer = make_trainer(
            networks,
            slice_loader(slice_data(), num_samples=4 * STEPS),
            step_losses(task_training="both"),
            epochs,
            handlers,
            hyperparameters={"seed": seed, "lambda_gan": 0.3},
        )
        if interrupt:
            trainer.add_event_handler(Events.EPOCH_COMPLETED, interrupt)
        trainer.run()
        return trainer

    @property
    def runs(self):
        """What the store holds, the first run first."""
        store = ExperimentStore(self.database, self.name)
        return store.client.search_runs([store.experiment_id], order_by=["attributes.start_time ASC"])

    @property
    def client(self):
        return ExperimentStore(self.database, self.name).client

    def steps(self, metric, number=0):
        """Steps of a metric in a run."""
        history = self.client.get_metric_history(self.runs[number].info.run_id, metric)
        return sorted(point.step for point in history)

    @property
    def record(self):
        return json.loads((self.folder / "models" / "mlflow_run.json").read_text())


@pytest.fixture
def experiment(database, tmp_path):
    folder = tmp_path / f"experiment {tmp_path.name}"
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "metadata.json").write_text(json.dumps({"name": folder.name, "version": "1"}))
    return Experiment(database, folder)


def fail(engine):
    raise DataError("sub-MUELLER is damaged")


def press_ctrl_c(engine):
    raise KeyboardInterrupt


def terminate(engine):
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_finished_run_knows_everything(experiment):
    trainer = experiment.train()
    (run,) = experiment.runs
    assert run.info.status == "FINISHED"
    assert {"seed": "0", "lambda_gan": "0.3"}.items() <= run.data.params.items()
    assert run.data.tags["version.taskgan-ext"]
    for name in (LOSS, *LOSS_TERMS):
        assert experiment.steps(f"train/{name}") == [1, 2, 3]
        assert experiment.steps(f"iteration/{name}") == list(range(1, EPOCHS * STEPS + 1))
        assert run.data.metrics[f"train/{name}"] == pytest.approx(trainer.state.metrics[name])
    for name in ("generator", "discriminator", "task_network"):
        assert run.data.metrics[f"learning_rate/{name}"] == 0.01
    (version,) = experiment.client.search_model_versions(f"run_id = '{run.info.run_id}'")
    assert version.name == experiment.name
    assert experiment.record["status"] == "FINISHED"
    assert experiment.record["missing"] == {}


def test_a_finished_training_that_is_started_again_adds_no_run(experiment):
    experiment.train()
    before = experiment.runs[0]
    experiment.train()
    assert [run.to_dictionary() for run in experiment.runs] == [before.to_dictionary()]


@pytest.mark.parametrize(
    ("interrupt", "error", "status"),
    [
        (fail, DataError, "FAILED"),
        (press_ctrl_c, KeyboardInterrupt, "KILLED"),
        (terminate, SystemExit, "KILLED"),
    ],
)
def test_an_interrupted_run_is_marked_and_continued_by_the_same_command(experiment, interrupt, error, status):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(error):
        experiment.train(interrupt)
    assert signal.getsignal(signal.SIGTERM) == before
    assert experiment.runs[0].info.status == experiment.record["status"] == status
    assert experiment.runs[0].data.tags.get("error") == ("DataError" if status == "FAILED" else None)
    experiment.train()
    (run,) = experiment.runs
    assert run.info.status == "FINISHED"
    assert experiment.steps("train/loss") == [1, 2, 3]


def test_epochs_that_a_killed_process_did_not_deliver_are_delivered_later(experiment):
    """As after SIGKILL between the checkpoint and the store."""
    run = experiment.run()

    def vanish(engine):
        run._delivery = None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        experiment.train(vanish, run)
    ExperimentStore(experiment.database, experiment.name)
    experiment.train()
    assert len(experiment.runs) == 1
    assert experiment.runs[0].info.status == "FINISHED"
    assert set(experiment.steps("train/loss")) == {1, 2, 3}


def test_a_run_that_crashed_before_its_first_checkpoint_is_not_continued(experiment):
    def crash(engine):
        (experiment.folder / "models" / "state.pt").unlink()
        raise DataError("damaged")

    with pytest.raises(DataError):
        experiment.train(crash)
    experiment.train()
    assert [run.info.status for run in experiment.runs] == ["FAILED", "FINISHED"]
    assert len({run.info.run_name for run in experiment.runs}) == 2


def test_a_run_left_running_ends_when_the_training_starts_anew(experiment):
    run = experiment.run()
    run.start_training({"seed": 0})
    run._delivery.close(20)
    run._delivery = None
    experiment.train()
    assert [run.info.status for run in experiment.runs] == ["KILLED", "FINISHED"]


def test_a_run_of_another_store_or_a_deleted_one_is_not_continued(experiment):
    with pytest.raises(DataError):
        experiment.train(fail)
    experiment.client.delete_run(experiment.runs[0].info.run_id)
    experiment.train()
    (run,) = experiment.runs
    assert run.info.status == "FINISHED"
    assert experiment.steps("train/loss") == [1, 2, 3]


def test_the_same_name_twice_gives_two_names(experiment, tmp_path):
    experiment.train(run_name="mu 0")
    experiment.folder = tmp_path / "other"
    experiment.train(run_name="mu 0")
    first, second = (run.info.run_name for run in experiment.runs)
    assert first == "mu 0"
    assert second.startswith("mu 0 ")


def test_what_a_lost_store_lacks_is_recorded_and_delivered_by_the_same_command(experiment, monkeypatch):
    with monkeypatch.context() as patch:

        def be_away(*_):
            raise ConnectionRefusedError

        patch.setattr(ExperimentStore, "log_metrics", be_away)
        experiment.train()
    assert experiment.record["missing"].keys() >= {"metrics", "bundle", "status"}
    assert experiment.runs[0].info.status == "RUNNING"
    experiment.train()
    (run,) = experiment.runs
    assert run.info.status == "FINISHED"
    assert experiment.record["missing"] == {}
    assert experiment.steps("train/loss") == [1, 2, 3]
    assert len(experiment.client.search_model_versions(f"run_id = '{run.info.run_id}'")) == 1


def test_losses_that_are_no_numbers_are_kept(experiment):
    run = experiment.run()
    run.start_training({})
    run.metrics({"train/loss": math.nan}, 1)
    run.end("FINISHED")
    assert math.isnan(experiment.runs[0].data.metrics["train/loss"])


def test_tracking_does_not_change_the_training(experiment):
    tracked = experiment.train()
    alone = make_trainer(
        make_tiny_networks(0),
        slice_loader(slice_data(), num_samples=4 * STEPS),
        step_losses(task_training="both"),
        EPOCHS,
    )
    alone.run()
    for name, tensor in alone.network.state_dict().items():
        torch.testing.assert_close(tracked.network.state_dict()[name], tensor, rtol=0, atol=0)


@pytest.mark.slow
def test_a_process_that_ends_between_two_engines_leaves_a_failed_run(experiment):
    code = (
        "import sys; from taskgan_ext.tracking.tracked_run import TrackedRun\n"
        "TrackedRun(*sys.argv[1:5]).start_training({'seed': 0})\n"
        "raise ValueError('between')"
    )
    arguments = (experiment.database, experiment.name, experiment.folder / "models", experiment.folder)
    found = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=False,
    )
    assert found.returncode == 1
    (run,) = experiment.runs
    assert run.info.status == "FAILED"
