"""What only the face bundle can do: colour, published weights of T, and cohorts of any size."""

import csv

import pytest
import torch
from bundle_runs import REPOSITORY, run_workflow, tiny_workflow
from torch import nn

from preprocessing.__main__ import main as preprocess
from taskgan_ext.bundle import find_user_error
from taskgan_ext.data import load_datalist
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.picture import has_colour, load_picture
from taskgan_ext.networks import face_task_network
from taskgan_ext.networks.vgg_face import VGGFace
from taskgan_ext.networks.vgg_face_files import TORCHVISION_LAYERS
from taskgan_ext.networks.vgg_face_layers import LAYERS

BUNDLE = REPOSITORY / "bundles" / "face_super_resolution"


@pytest.fixture(scope="module")
def colour_cohort(tmp_path_factory):
    """The tiny cohort in colour."""
    folder = tmp_path_factory.mktemp("colour")
    size = ["--identities", "10", "--images-per-identity", "4", "--size", "32", "--colour"]
    assert preprocess(["face", "simulate", *size, "--seed", "0", "--out", str(folder)]) == 0
    return folder


def places(cohort, folder):
    """Overrides that send everything into one folder."""
    folders = dict.fromkeys(("ckpt_dir", "task_ckpt_dir", "output_dir"), str(folder))
    return folders | {"dataset_dir": str(cohort), "epochs": 1}


def train_and_evaluate(cohort, folder, **settings):
    """Give the rows of the evaluation."""
    run_workflow(BUNDLE, "train", run_id="training", **places(cohort, folder), **settings)
    run_workflow(BUNDLE, "train", "evaluate", run_id="evaluating", **places(cohort, folder), **settings)
    with (folder / "cases.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_one_setting_makes_everything_colour(colour_cohort, tmp_path):
    assert train_and_evaluate(colour_cohort, tmp_path, picture_channels=3)
    settings = {"ckpt_path": str(tmp_path / "model.pt"), "output_dir": str(tmp_path / "restored")}
    settings |= {"dataset_dir": str(colour_cohort), "picture_channels": 3}
    run_workflow(BUNDLE, "inference", run_id="inferring", **settings)
    restored = sorted((tmp_path / "restored").rglob("*.png"))
    assert len(restored) == len(load_datalist(colour_cohort, "test"))
    assert all(load_picture(path, 3).shape == (3, 32, 32) and has_colour(path) for path in restored)


def test_a_last_batch_of_one_face_stops_neither_t_nor_the_judge(tiny_face_cohort, tmp_path):
    number = len(load_datalist(tiny_face_cohort, "training"))
    settings = {"epoch_samples": 2 * number, "batch_size": number - 1}
    assert train_and_evaluate(tiny_face_cohort, tmp_path, **settings)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A small VGG-Face in the layout of torchvision, and the file."""

    def small():
        return VGGFace(5, channels=(4, 4, 4, 4, 4), hidden=8)

    monkeypatch.setattr(face_task_network, "VGGFace", small)  # half a gigabyte otherwise
    names = dict(zip(LAYERS, TORCHVISION_LAYERS, strict=True))
    stored = {}
    for name, values in small().state_dict().items():
        layer, parameter = name.split(".")[-2:]
        stored[f"{names[layer]}.{parameter}"] = values
    torch.save(stored, tmp_path / "tv.pth")
    return stored, tmp_path / "tv.pth"


def network_and_settings(cohort, path, **order) -> tuple[nn.Module, str]:
    workflow = tiny_workflow(BUNDLE, "train", dataset_dir=str(cohort), task_weights=str(path), **order)
    network = workflow.parser.get_parsed_content("task_network")
    return network, workflow.parser.get_parsed_content("task::hyperparameters")["channel_order"]


def test_weights_of_torchvision_are_used_in_the_order_that_is_given(tiny_face_cohort, weights):
    stored, path = weights
    first = stored["features.0.weight"]
    for order, expected in (("rgb", first), ("bgr", first.flip(1))):
        network, recorded = network_and_settings(tiny_face_cohort, path, task_channel_order=order)
        assert torch.equal(network.state_dict()["stages.0.conv1_1.weight"].cpu(), expected)
        assert recorded == order


def test_weights_that_do_not_tell_their_order_name_the_setting(tiny_face_cohort, weights):
    with pytest.raises(RuntimeError) as caught:
        network_and_settings(tiny_face_cohort, weights[1])
    error = find_user_error(caught.value)
    assert isinstance(error, ConfigError)
    assert "--task_channel_order" in str(error)
