"""A training has one run from its beginning to its end, and no other training ever has it."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_training import make_tiny_networks, make_trainer, slice_data, slice_loader, step_losses

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.keys import LOSS, LOSS_TERMS
from taskgan_ext.tracking.experiment_store import ExperimentStore
from taskgan_ext.tracking.tracked_run import TrackedRun

EPOCHS = 3
STEPS = 2


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
    run.see("train", 0, False)
    run.start_training("train", {"seed": 0})
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


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"run_name": "two\nlines"}, "run_name"),
        ({"run_name": "a" * 300}, "run_name"),
        ({"run_name": True}, "run_name"),
        ({"tracking_uri": "http://127.0.0.1:1"}, "none answers"),
        ({"bundle_root": "/nowhere"}, "bundle_root /nowhere"),
        ({"bundle_root": "/"}, "metadata.json"),
    ],
)
def test_what_would_stop_the_run_stops_it_before_anything_is_trained(experiment, settings, message):
    given = {
        "tracking_uri": experiment.database,
        "experiment_name": experiment.name,
        "folder": experiment.folder / "models",
        "bundle_root": experiment.bundle,
    }
    with pytest.raises(ConfigError, match=message):
        experiment.train(run=TrackedRun(**given | settings))
    assert experiment.runs == []
    assert not (experiment.folder / "models").exists()


def test_a_name_with_quotes_is_one(experiment):
    name = 'it\'s "both"'
    experiment.train(run_name=name)
    assert experiment.runs[0].info.run_name == name


def test_losses_that_are_no_numbers_are_kept(experiment):
    run = experiment.run()
    run.see("train", 0, False)
    run.start_training("train", {})
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
        "run = TrackedRun(*sys.argv[1:5])\n"
        "run.see('train', 0, False)\n"
        "run.start_training('train', {'seed': 0})\n"
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
