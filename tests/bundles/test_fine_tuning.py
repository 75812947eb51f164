"""A training goes on from the weights of another one."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from bundle_runs import run_workflow, tiny_workflow

from taskgan_ext.bundle import find_user_error
from taskgan_ext.errors import CheckpointError
from taskgan_ext.io.atomic import read_json


class Start(NamedTuple):
    """A training that others start from."""

    bundle: Path
    cohort: Path
    models: Path

    def places(self, folder, **settings):
        """Overrides of a training in another folder."""
        own = {"ckpt_dir": str(folder), "task_ckpt_dir": str(folder), "output_dir": str(folder / "eval")}
        return own | {"dataset_dir": str(self.cohort), "start_dir": str(self.models), "epochs": 1} | settings


@pytest.fixture(scope="module")
def start(bundle, cohort, tmp_path_factory):
    """One epoch of a tiny training."""
    start = Start(bundle, cohort, tmp_path_factory.mktemp("start"))
    run_workflow(bundle, "train", run_id="training", **start.places(start.models, start_dir=""))
    return start


def test_at_a_rate_of_zero_the_weights_stay_what_they_were(start, tmp_path):
    places = start.places(tmp_path, learning_rate=0.0)
    run_workflow(start.bundle, "train", "fine_tune", run_id="training", **places)
    for name in ("model.pt", "task_network.pt"):
        before, after = (torch.load(folder / name, weights_only=True) for folder in (start.models, tmp_path))
        weights = [key for key in before if key.endswith(("weight", "bias"))]
        assert weights
        assert all(torch.equal(before[key], after[key]) for key in weights)
    run_workflow(start.bundle, "train", "evaluate", run_id="evaluating", **places)
    assert (tmp_path / "eval" / "cases.csv").is_file()


def test_it_is_not_continued_from_other_weights(start, tmp_path):
    run_workflow(start.bundle, "train", "fine_tune", run_id="training", **start.places(tmp_path))
    before = (tmp_path / "model.pt").read_bytes()
    places = start.places(tmp_path, start_dir=str(tmp_path))
    with pytest.raises(RuntimeError) as caught:
        tiny_workflow(start.bundle, "train", "fine_tune", **places).run()
    error = find_user_error(caught.value)
    assert isinstance(error, CheckpointError)
    assert "start" in str(error)
    assert (tmp_path / "model.pt").read_bytes() == before


def test_a_baseline_needs_no_task_network_to_start_from(start, tmp_path):
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "model.pt").write_bytes((start.models / "model.pt").read_bytes())
    places = start.places(tmp_path / "tuned", start_dir=str(tmp_path / "start"))
    run_workflow(start.bundle, "train", "baseline_gan", "fine_tune", run_id="training", **places)
    assert (tmp_path / "tuned" / "model.pt").is_file()


def test_weights_that_are_not_there_are_told_with_the_command_that_makes_them(start, tmp_path):
    places = start.places(tmp_path / "tuned", start_dir=str(tmp_path / "none"))
    with pytest.raises(RuntimeError) as caught:
        tiny_workflow(start.bundle, "train", "fine_tune", **places).run()
    error = find_user_error(caught.value)
    assert isinstance(error, CheckpointError)
    assert "found no file; make them with: python -m monai.bundle run training" in str(error)
    assert not list((tmp_path / "tuned").rglob("*.pt"))


def test_subjects_of_both_trainings_are_recorded(start, tmp_path):
    record = start.models / "training_subjects.json"
    subjects = read_json(record)["subjects"]
    run_workflow(start.bundle, "train", "fine_tune", run_id="training", **start.places(tmp_path))
    assert read_json(tmp_path / record.name)["subjects"] == subjects


def test_a_baseline_hands_the_task_network_on(start, tmp_path):
    run_workflow(
        start.bundle, "train", "baseline_gan", "fine_tune", run_id="training", **start.places(tmp_path)
    )
    before, after = (
        torch.load(folder / "task_network.pt", weights_only=True) for folder in (start.models, tmp_path)
    )
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize("bundle", ["face_super_resolution"], indirect=True)
def test_a_recogniser_may_have_learnt_other_people(start, tmp_path):
    places = start.places(tmp_path, num_identities=2)
    run_workflow(start.bundle, "train", "fine_tune", run_id="training", **places)
    before, after = (
        torch.load(folder / "task_network.pt", weights_only=True) for folder in (start.models, tmp_path)
    )
    assert all(torch.equal(before[key], after[key]) for key in before)
