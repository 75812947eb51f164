"""Every bundle trains, evaluates and restores from any directory, and says in one line what is missing."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np
import pytest
import torch
from bundle_runs import config_files, run_workflow, tiny_settings, tiny_workflow
from monai.bundle import ConfigWorkflow

from taskgan_ext.bundle import find_user_error
from taskgan_ext.data import load_datalist
from taskgan_ext.errors import CheckpointError, ConfigError, DataError
from taskgan_ext.io.picture import load_picture
from taskgan_ext.mr import CONTRASTS, load_protocols

JOINTLY = {"task_training": "both", "losses::task::segmentation_weight": 0.0}
"""Trains T along with G; only a decision can be."""


class Outcome(NamedTuple):
    """Where a tiny run has put its results."""

    bundle: Path
    models: Path
    evaluation: Path
    restored: Path
    cohort: Path

    @property
    def places(self):
        """Overrides that send training and evaluation to these folders."""
        return {
            "dataset_dir": str(self.cohort),
            "ckpt_dir": str(self.models),
            "task_ckpt_dir": str(self.models),
            "output_dir": str(self.evaluation),
        }


@pytest.fixture(scope="module")
def outcome(bundle, cohort, tmp_path_factory):
    """Train, evaluate and restore, one after the other, from a directory that has nothing to do with it."""
    root = tmp_path_factory.mktemp("outcome")
    outcome = Outcome(bundle, root / "models", root / "eval", root / "restored", cohort)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        run_workflow(bundle, "train", run_id="training", **outcome.places)
        run_workflow(bundle, "train", "evaluate", run_id="evaluating", **outcome.places)
        run_workflow(
            bundle,
            "inference",
            run_id="inferring",
            dataset_dir=str(cohort),
            ckpt_path=str(outcome.models / "model.pt"),
            output_dir=str(outcome.restored),
        )
        assert list(Path.cwd().iterdir()) == []
    return outcome


def user_error(action):
    """What a user is shown of the error that MONAI raises."""
    with pytest.raises(RuntimeError) as caught:
        action()
    return find_user_error(caught.value)


def read_rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_training_leaves_the_weights_to_use_and_the_state_to_continue_from(outcome):
    names = {path.name for path in outcome.models.iterdir()}
    assert {"model.pt", "training_state.pt", "task_network.pt"} <= names
    assert all(
        isinstance(tensor, torch.Tensor)
        for tensor in torch.load(outcome.models / "model.pt", weights_only=True).values()
    )


def test_history_has_a_row_for_each_epoch_with_every_loss(outcome):
    rows = read_rows(outcome.evaluation / "history.csv")
    assert [row["epoch"] for row in rows] == ["1", "2"]
    terms = {"loss", "loss_pixel", "loss_gan", "loss_task", "loss_discriminator", "val_psnr"}
    assert all(np.isfinite(float(row[term])) for row in rows for term in terms)


def test_evaluation_measures_every_test_subject_and_no_other(outcome):
    rows = read_rows(outcome.evaluation / "cases.csv")
    items = load_datalist(outcome.cohort, "test")
    assert {row["case"] for row in rows} == {item.get("case", item["subject"]) for item in items}
    assert {"restored", "reference"} <= {row["arm"] for row in rows}
    assert {"psnr", "ssim", "nrmse"} <= {name.lower() for name in rows[0]}


@pytest.mark.parametrize("name", ["summary.csv", "evaluation.json", "preview/*.npz"])
def test_evaluation_writes_what_the_report_reads(outcome, name):
    assert list(outcome.evaluation.glob(name))


def test_evaluation_trains_a_judge_of_its_own(outcome):
    judge = torch.load(outcome.models / "judge.pt", weights_only=True)
    task_network = torch.load(outcome.models / "task_network.pt", weights_only=True)
    assert judge.keys() != task_network.keys()


@pytest.mark.parametrize("bundle", ["face_super_resolution"], indirect=True)
def test_restored_pictures_have_the_size_of_their_references(outcome):
    for item in load_datalist(outcome.cohort, "test"):
        name = f"{item['case']}_restored.png"
        assert load_picture(outcome.restored / "images" / item["subject"] / name).shape == (1, 32, 32)


@pytest.mark.parametrize("bundle", ["pet_denoising", "mr_contrast_synthesis"], indirect=True)
def test_restored_volumes_have_the_grid_of_their_input(outcome):
    for item in load_datalist(outcome.cohort, "test"):
        source = nib.load(item["image"])
        restored = list(outcome.restored.glob(f"{item['subject']}/*.nii.gz"))
        assert restored
        for result in map(nib.load, restored):
            assert result.shape == source.shape[:3]
            assert result.get_data_dtype() == np.float32
            np.testing.assert_array_equal(result.affine, source.affine)


@pytest.mark.parametrize("bundle", ["pet_denoising"], indirect=True)
def test_restored_volume_has_the_unit_of_the_input(outcome):
    for item in load_datalist(outcome.cohort, "test"):
        (restored,) = outcome.restored.glob(f"{item['subject']}/*.nii.gz")
        # An untrained generator knows no anatomy, but its result must be thousands, as the input is.
        assert 0.2 < nib.load(restored).get_fdata().mean() / nib.load(item["image"]).get_fdata().mean() < 10


@pytest.mark.parametrize("bundle", ["mr_contrast_synthesis"], indirect=True)
def test_every_contrast_comes_with_its_times_weights_and_difference_to_physics(outcome):
    digest = hashlib.sha256((outcome.models / "model.pt").read_bytes()).hexdigest()
    for folder in outcome.restored.iterdir():
        sidecars = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
        assert {sidecar["Contrast"] for sidecar in sidecars} == set(CONTRASTS)
        assert {sidecar["ModelSHA256"] for sidecar in sidecars} == {digest}
        for sidecar in sidecars:
            assert [
                sidecar[f"{name}Time"] or 0.0 for name in ("Repetition", "Echo", "Inversion")
            ] == load_protocols()[sidecar["Contrast"]].times
            assert (folder / sidecar["Difference"]).is_file()
        assert len(list(folder.glob("*.nii.gz"))) == 12


def test_running_again_repeats_nothing_and_changes_nothing(outcome):
    before = (outcome.models / "model.pt").read_bytes()
    workflow = tiny_workflow(outcome.bundle, "train", **outcome.places)
    workflow.run()
    assert (outcome.models / "model.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("baseline", "absent"),
    [
        pytest.param("baseline_gan", {"task_network"}, id="gan"),
        pytest.param("baseline_l1", {"task_network", "discriminator"}, id="l1"),
    ],
)
def test_baseline_never_calls_the_networks_that_it_leaves_out(outcome, tmp_path, baseline, absent):
    places = outcome.places | {"ckpt_dir": str(tmp_path), "output_dir": str(tmp_path / "eval")}
    workflow = tiny_workflow(outcome.bundle, "train", baseline, **places)
    called = set()
    for name in ("task_network", "discriminator"):
        network = workflow.parser.get_parsed_content(name)
        network.register_forward_pre_hook(lambda *_, name=name: called.add(name))
    trainer = workflow.parser.get_parsed_content("train::trainer")
    trainer.run()
    assert called == {"task_network", "discriminator"} - absent
    assert set(trainer.state.metrics) == {"loss", "loss_pixel"} | (
        set() if "discriminator" in absent else {"loss_gan", "loss_discriminator"}
    )
    assert (tmp_path / "model.pt").is_file()


def test_task_network_that_is_trained_along_is_saved_and_comes_back(outcome, tmp_path):
    places = outcome.places | {"ckpt_dir": str(tmp_path), "output_dir": str(tmp_path / "eval")}
    places |= JOINTLY
    run_workflow(outcome.bundle, "train", run_id="training", **places)
    before, after = (
        torch.load(folder / "task_network.pt", weights_only=True) for folder in (outcome.models, tmp_path)
    )
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert all(float(row["loss_task_network"]) > 0 for row in read_rows(tmp_path / "eval" / "history.csv"))
    again = run_workflow(outcome.bundle, "train", run_id="training", **places)
    found = again.parser.get_parsed_content("task_network").state_dict()
    assert all(torch.equal(found[name], after[name]) for name in after)


def test_task_network_may_start_from_scratch(outcome, tmp_path):
    folders = {
        "ckpt_dir": str(tmp_path),
        "task_ckpt_dir": str(tmp_path),
        "output_dir": str(tmp_path / "eval"),
    }
    settings = outcome.places | folders | JOINTLY | {"task_epochs": 0, "epochs": 1}
    run_workflow(outcome.bundle, "train", run_id="training", **settings)
    assert (tmp_path / "task_network.pt").is_file()
    assert not (tmp_path / "task_training_state.pt").exists()


def test_baseline_is_evaluated_with_the_same_delta(outcome, tmp_path):
    places = outcome.places | {"ckpt_dir": str(tmp_path), "output_dir": str(tmp_path / "eval")}
    run_workflow(outcome.bundle, "train", "baseline_l1", run_id="training", **places)
    run_workflow(outcome.bundle, "train", "baseline_l1", "evaluate", run_id="evaluating", **places)
    assert (tmp_path / "eval" / "cases.csv").is_file()


def test_baselines_keep_clear_of_the_main_run(bundle):
    # Read without building anything: where a run writes must differ, the task network is shared.
    folders = {}
    for names in (("train",), ("train", "baseline_gan"), ("train", "baseline_l1"), ("train", "fine_tune")):
        workflow = ConfigWorkflow(config_files(bundle, *names), logging_file=False, bundle_root="B")
        folders[names] = [
            workflow.parser.get_parsed_content(id_) for id_ in ("ckpt_dir", "output_dir", "task_ckpt_dir")
        ]
    assert len({(ckpt, output) for ckpt, output, _ in folders.values()}) == 4
    assert len({task for _, _, task in folders.values()}) == 2  # fine-tuning trains T as well
    assert len({folders[names][2] for names in folders if "fine_tune" not in names}) == 1


def test_missing_data_give_one_line_with_the_command_that_makes_them(bundle, tmp_path):
    command = [sys.executable, "-m", "monai.bundle", "run", "training", "--config_file"]
    command += [str(bundle / "configs" / "train.json"), "--dataset_dir", str(tmp_path / "none")]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"error: no data list at {tmp_path}/none/datalist.json; make one with: python -m ")
    assert result.stderr.count("error: ") == 1


def test_missing_data_of_an_inference_say_what_makes_them(bundle, tmp_path):
    error = user_error(lambda: run_workflow(bundle, "inference", dataset_dir=str(tmp_path / "none")))
    assert isinstance(error, DataError)
    assert "python -m preprocessing" in str(error)


@pytest.mark.parametrize(
    ("files", "place"),
    [
        pytest.param(("inference",), "ckpt_path", id="inference"),
        pytest.param(("train", "evaluate"), "ckpt_dir", id="evaluation"),
    ],
)
def test_missing_weights_say_what_trains_them(outcome, tmp_path, files, place):
    places = outcome.places if "train" in files else {"dataset_dir": str(outcome.cohort)}
    places |= {place: str(tmp_path / "none"), "output_dir": str(tmp_path / "out")}
    workflow = tiny_workflow(outcome.bundle, *files, **places)
    error = user_error(workflow.run)
    assert isinstance(error, CheckpointError)
    assert "found no file; make them with: python -m monai.bundle run training" in str(error)
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore:Can't merge entry:UserWarning")
def test_evaluation_without_the_training_configuration_says_how_to_give_both(bundle):
    workflow = ConfigWorkflow(config_files(bundle, "evaluate"), logging_file=False, run_id="evaluating")
    error = user_error(workflow.initialize)
    assert isinstance(error, ConfigError)
    assert "['<bundle>/configs/train.json','<bundle>/configs/evaluate.json']" in str(error)


def test_every_setting_that_users_are_told_of_exists(bundle):
    # MONAI accepts any id as a new one, so a renamed setting would fail nobody but the user.
    config = ConfigWorkflow(config_files(bundle, "train"), logging_file=False).parser
    promised = {"dataset_dir", "ckpt_dir", "output_dir", "device", "amp", "seed", "epochs", "batch_size"}
    promised |= {"learning_rate", "lambda_gan", "mu_task", *tiny_settings(bundle, "train")}
    assert {id_ for id_ in promised if id_.split("::")[0] not in config} == set()
