"""The table of losses has one row for each epoch of the run, however often the run was started."""

import csv
import json

import pytest
import torch
from ignite.engine import Engine, Events
from ignite.metrics import Average
from monai.engines import Evaluator
from monai.handlers import ValidationHandler

from taskgan_ext.handlers.training_record import TrainingRecord


def trainer_of(losses):
    """An engine of two iterations an epoch whose mean loss in epoch n is ``losses[n - 1]``."""
    engine = Engine(lambda engine, _: losses[engine.state.epoch - 1])
    Average().attach(engine, "loss")
    return engine


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def losses_in(path):
    return [(int(row["epoch"]), float(row["loss"])) for row in rows(path)]


def test_every_epoch_gets_a_row(tmp_path):
    trainer = trainer_of([3.0, 2.0, 1.5])
    TrainingRecord(tmp_path / "deep").attach(trainer)
    trainer.run([0, 0], max_epochs=3)
    assert losses_in(tmp_path / "deep" / "history.csv") == [(1, 3.0), (2, 2.0), (3, 1.5)]


def test_repeated_epochs_replace_their_rows(tmp_path):
    path = tmp_path / "history.csv"
    first = trainer_of([3.0, 2.0, 1.0])
    TrainingRecord(tmp_path).attach(first)
    first.run([0], max_epochs=3)
    resumed = trainer_of([9.0, 2.5, 1.25])
    resumed.add_event_handler(Events.STARTED, lambda engine: setattr(engine.state, "epoch", 1))
    TrainingRecord(tmp_path).attach(resumed)
    resumed.run([0], max_epochs=3)
    assert losses_in(path) == [(1, 3.0), (2, 2.5), (3, 1.25)]


def test_run_from_the_start_leaves_nothing_of_the_old_one(tmp_path):
    path = tmp_path / "history.csv"
    for losses in ([3.0, 2.0, 1.0], [5.0]):
        trainer = trainer_of(losses)
        TrainingRecord(tmp_path).attach(trainer)
        trainer.run([0], max_epochs=len(losses))
    assert losses_in(path) == [(1, 5.0)]


def test_validation_metrics_stand_in_the_epochs_in_which_it_ran(tmp_path):
    validator = Evaluator("cpu", [torch.zeros(1)], iteration_update=lambda engine, _: engine.state.epoch)
    Average().attach(validator, "psnr")
    trainer = trainer_of([4.0, 3.0, 2.0, 1.0])
    ValidationHandler(interval=2, validator=validator).attach(trainer)
    TrainingRecord(tmp_path, validator).attach(trainer)
    trainer.run([0], max_epochs=4)
    assert [row["val_psnr"] for row in rows(tmp_path / "history.csv")] == ["", "2.0", "", "4.0"]


def test_only_the_first_process_writes(tmp_path, monkeypatch):
    monkeypatch.setattr("ignite.distributed.get_rank", lambda: 1)
    trainer = trainer_of([1.0])
    TrainingRecord(tmp_path).attach(trainer)
    trainer.run([0], max_epochs=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [1e-12, 1 / 3])
def test_losses_keep_every_digit(tmp_path, value):
    trainer = trainer_of([value])
    TrainingRecord(tmp_path).attach(trainer)
    trainer.run([0], max_epochs=1)
    assert float(rows(tmp_path / "history.csv")[0]["loss"]) == trainer.state.metrics["loss"]


def test_settings_stand_beside_the_losses(tmp_path):
    trainer = trainer_of([1.0])
    trainer.hyperparameters = {"lambda_gan": 0.3, "slices": [4, 43]}
    TrainingRecord(tmp_path).attach(trainer)
    trainer.run([0], max_epochs=1)
    assert json.loads((tmp_path / "settings.json").read_text()) == trainer.hyperparameters
