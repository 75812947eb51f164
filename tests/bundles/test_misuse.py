"""Every bundle notices images that it must not use: of training subjects in a test, and broken ones."""

import re
import shutil
from pathlib import Path

import pytest
from bundle_runs import run_workflow

from taskgan_ext.bundle import find_user_error
from taskgan_ext.data import load_datalist
from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json, write_json


@pytest.fixture(scope="module")
def models(bundle, cohort, tmp_path_factory):
    """Folder with weights after one epoch."""
    folder = tmp_path_factory.mktemp("models")
    places = dict.fromkeys(("ckpt_dir", "task_ckpt_dir", "output_dir"), str(folder))
    run_workflow(bundle, "train", run_id="training", dataset_dir=str(cohort), epochs=1, **places)
    return folder


@pytest.fixture
def evaluate(bundle, cohort, models, tmp_path):
    """Function that evaluates the weights on a cohort, with a judge of its own."""

    def run(test_cohort, *deltas):
        places = {
            "dataset_dir": str(cohort),
            "test_dir": str(test_cohort),
            "ckpt_dir": str(models),
            "task_ckpt_dir": str(tmp_path / "judge"),
        }
        places |= {"output_dir": str(tmp_path / "eval"), "epochs": 1}
        run_workflow(bundle, "train", *deltas, "evaluate", run_id="evaluating", **places)
        return tmp_path / "eval" / "summary.csv"

    return run


def exchanged(cohort, folder):
    """The cohort with its training section as test section."""
    shutil.copytree(cohort, folder)
    content = read_json(folder / "datalist.json")
    content["training"], content["test"] = content["test"], content["training"]
    write_json(folder / "datalist.json", content)
    return folder


def user_error(action):
    with pytest.raises(RuntimeError) as caught:
        action()
    return find_user_error(caught.value)


def cut(path):
    """Leave the first half of a file."""
    path = Path(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_an_evaluation_on_training_subjects_is_refused(cohort, evaluate, tmp_path):
    other = exchanged(cohort, tmp_path / "exchanged")
    error = user_error(lambda: evaluate(other))
    assert isinstance(error, DataError)
    for subject in {item["subject"] for item in load_datalist(other, "test")}:
        assert subject in str(error)
    assert not (tmp_path / "eval").exists()
    assert not (tmp_path / "judge").exists()


def test_subjects_that_are_held_out_are_evaluated(cohort, evaluate):
    assert evaluate(cohort).is_file()


def test_weights_without_a_record_are_evaluated(cohort, evaluate, models, tmp_path):
    record = models / "training_subjects.json"
    kept = record.rename(tmp_path / "record.json")
    try:
        assert evaluate(exchanged(cohort, tmp_path / "exchanged")).is_file()
    finally:
        kept.rename(record)


def test_a_broken_image_stops_an_inference_before_anything_is_written(bundle, cohort, models, tmp_path):
    shutil.copytree(cohort, tmp_path / "cohort")
    broken = load_datalist(tmp_path / "cohort", "test")[-1]["image"]
    cut(broken)
    places = {"dataset_dir": str(tmp_path / "cohort"), "output_dir": str(tmp_path / "out")}
    places |= {"ckpt_path": str(models / "model.pt")}
    error = user_error(lambda: run_workflow(bundle, "inference", run_id="inferring", **places))
    assert isinstance(error, DataError)
    assert re.match(f"{re.escape(broken)}: expected a .*cannot (be )?read", str(error))
    assert not (tmp_path / "out").exists()


def test_a_broken_image_stops_a_training_with_its_name(bundle, cohort, tmp_path):
    shutil.copytree(cohort, tmp_path / "cohort")
    broken = load_datalist(tmp_path / "cohort", "training")[-1]["label"]
    cut(broken)
    places = dict.fromkeys(("ckpt_dir", "task_ckpt_dir", "output_dir"), str(tmp_path / "out"))
    places |= {"dataset_dir": str(tmp_path / "cohort")}
    error = user_error(lambda: run_workflow(bundle, "train", run_id="training", **places))
    assert isinstance(error, DataError)
    assert re.match(f"{re.escape(broken)}: expected a .*cannot (be )?read", str(error))
