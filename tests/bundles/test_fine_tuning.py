"""A training goes on from the weights of another one."""

import shutil
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


def weights(folder, name):
    """Parameters of a network, without statistics."""
    state = torch.load(folder / name, weights_only=True)
    return {key: tensor for key, tensor in state.items() if key.endswith(("weight", "bias"))}


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def user_error(bundle, places):
    with pytest.raises(RuntimeError) as caught:
        tiny_workflow(bundle, "train", "fine_tune", **places).run()
    error = find_user_error(caught.value)
    assert isinstance(error, CheckpointError)
    return error


def test_at_a_rate_of_zero_the_weights_stay_what_they_were(start, tmp_path):
    places = start.places(tmp_path, learning_rate=0.0, task_learning_rate=0.0)
    run_workflow(start.bundle, "train", "fine_tune", run_id="training", **places)
    for name in ("model.pt", "task_network.pt"):
        before = weights(start.models, name)
        assert before
        assert equal(before, weights(tmp_path, name))


def test_both_networks_learn_and_are_evaluated_with_the_judge_of_the_first_training(start, tmp_path):
    run_workflow(start.bundle, "train", "fine_tune", run_id="training", **start.places(tmp_path))
    for name in ("model.pt", "task_network.pt"):
        assert not equal(weights(start.models, name), weights(tmp_path, name))
    places = start.places(tmp_path, start_dir="", task_ckpt_dir=str(start.models))
    run_workflow(start.bundle, "train", "evaluate", run_id="evaluating", **places)
    assert (tmp_path / "eval" / "cases.csv").is_file()
    assert (start.models / "judge.pt").is_file()


@pytest.mark.parametrize("file", ["model.pt", "task_network.pt"])
def test_it_is_not_continued_from_other_weights(start, tmp_path, file):
    run_workflow(start.bundle, "train", "fine_tune", run_id="training", **start.places(tmp_path / "tuned"))
    before = (tmp_path / "tuned" / "model.pt").read_bytes()
    for name in ("model.pt", "task_network.pt"):
        shutil.copy((tmp_path / "tuned" if name == file else start.models) / name, tmp_path / name)
    places = start.places(tmp_path / "tuned", start_dir=str(tmp_path))
    assert "(start: " in str(user_error(start.bundle, places))
    assert (tmp_path / "tuned" / "model.pt").read_bytes() == before


@pytest.mark.parametrize("file", ["model.pt", "task_network.pt"])
def test_weights_that_are_not_there_are_told_with_the_command_that_makes_them(start, tmp_path, file):
    for name in {"model.pt", "task_network.pt"} - {file}:
        shutil.copy(start.models / name, tmp_path / name)
    error = user_error(start.bundle, start.places(tmp_path / "tuned", start_dir=str(tmp_path)))
    assert f"{tmp_path / file}: expected the weights of a " in str(error)
    assert "found no file; make them with: python -m monai.bundle run training" in str(error)
    assert not (tmp_path / "tuned" / "model.pt").exists()


@pytest.mark.parametrize("file", ["model.pt", "task_network.pt"])
def test_weights_of_another_network_are_refused(start, tmp_path, file):
    for name in ("model.pt", "task_network.pt"):
        shutil.copy(start.models / name, tmp_path / name)
    torch.save({"weight": torch.zeros(1)}, tmp_path / file)
    error = user_error(start.bundle, start.places(tmp_path / "tuned", start_dir=str(tmp_path)))
    assert f"{tmp_path / file}: expected the weights of " in str(error)


def test_subjects_of_both_trainings_are_recorded(start, tmp_path):
    record = start.models / "training_subjects.json"
    subjects = read_json(record)["subjects"]
    run_workflow(start.bundle, "train", "fine_tune", run_id="training", **start.places(tmp_path))
    assert read_json(tmp_path / record.name)["subjects"] == subjects


@pytest.mark.parametrize("bundle", ["face_super_resolution"], indirect=True)
def test_a_recogniser_goes_on_with_other_people(start, tmp_path):
    known = weights(start.models, "task_network.pt")
    places = start.places(tmp_path, task_learning_rate=0.0, num_identities=40)
    run_workflow(start.bundle, "train", "fine_tune", run_id="training", **places)
    learnt = weights(tmp_path, "task_network.pt")
    assert len(learnt.pop("identities.weight")) == 40
    assert len(known.pop("identities.weight")) != 40
    assert equal(known, learnt)
    places = start.places(tmp_path, start_dir="", task_ckpt_dir=str(start.models))
    run_workflow(start.bundle, "train", "evaluate", run_id="evaluating", **places)
