"""A trained bundle in other runtimes: the same images from ONNX Runtime, TorchScript and MONAI's ONNX."""

import warnings
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np
import onnxruntime
import pytest
import torch
from bundle_runs import config_files, run_workflow, tiny_settings, tiny_workflow
from monai.bundle import ConfigParser, ConfigWorkflow, ckpt_export, onnx_export

from taskgan_ext.bundle import find_user_error
from taskgan_ext.errors import CheckpointError, ConfigError
from taskgan_ext.export.__main__ import main
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.picture import load_picture
from taskgan_ext.mr import CONTRASTS
from taskgan_ext.networks import UNetGenerator

TOLERANCE = 1e-4
"""Of a restored volume, as a part of its largest value."""


class Trained(NamedTuple):
    """A bundle with weights of its own, exported."""

    bundle: Path
    checkpoint: Path
    cohort: Path

    def places(self, out):
        """Overrides of an inference from these weights into a folder."""
        faces = {"input_kind": "reference"} if self.bundle.name == "face_super_resolution" else {}
        places = {"dataset_dir": self.cohort, "ckpt_path": self.checkpoint, "output_dir": out}
        return faces | {name: str(path) for name, path in places.items()}


def network_settings(bundle):
    """Overrides that the generator of a tiny bundle was trained with."""
    names = ("network_def", "size")
    found = tiny_settings(bundle, "inference").items()
    return {id_: value for id_, value in found if id_.partition("::")[0] in names}


@pytest.fixture(scope="module")
def trained(bundle, cohort, tmp_path_factory):
    """One epoch of training, then the command of the documents."""
    folder = tmp_path_factory.mktemp("trained")
    places = dict.fromkeys(("ckpt_dir", "task_ckpt_dir", "output_dir"), str(folder))
    run_workflow(bundle, "train", run_id="training", **places | {"dataset_dir": str(cohort), "epochs": 1})
    words = [str(bundle), "--ckpt_path", str(folder / "model.pt")]
    for id_, value in network_settings(bundle).items():
        words += [f"--{id_}", str(value)]
    assert main(words) == 0
    return Trained(bundle, folder / "model.pt", cohort)


@pytest.fixture(scope="module")
def restored(trained, tmp_path_factory):
    """Folder of what the checkpoint restores."""
    out = tmp_path_factory.mktemp("restored")
    run_workflow(trained.bundle, "inference", run_id="inferring", **trained.places(out))
    return out


def read_image(path):
    return nib.load(path).get_fdata() if path.name.endswith(".nii.gz") else load_picture(path)


def images_in(folder):
    return sorted(
        path.relative_to(folder) for path in folder.rglob("*") if path.name.endswith((".nii.gz", ".png"))
    )


def forbid_torch(monkeypatch):
    """Building a generator fails from here on."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("torch's network was built")

    monkeypatch.setattr(UNetGenerator, "__init__", refuse)


def test_onnx_runtime_restores_the_same_images_without_torch_s_network(
    trained, restored, tmp_path, monkeypatch
):
    forbid_torch(monkeypatch)
    run_workflow(trained.bundle, "inference", "onnx", run_id="inferring", **trained.places(tmp_path))
    names = images_in(restored)
    assert names
    assert images_in(tmp_path) == names
    for name in names:
        wanted, found = read_image(restored / name), read_image(tmp_path / name)
        # Pictures are written in steps of 1 / 255; a value between two may fall to either side.
        step = 1 / 255 if name.suffix == ".png" else 0
        np.testing.assert_allclose(found, wanted, rtol=0, atol=step + TOLERANCE * np.abs(wanted).max())


@pytest.mark.parametrize("bundle", ["pet_denoising"], indirect=True)
@pytest.mark.parametrize("deltas", [(), ("onnx",)], ids=["checkpoint", "onnx"])
def test_a_volume_of_one_slice_keeps_its_third_axis(trained, tmp_path, deltas):
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    volume = np.random.default_rng(0).uniform(1, 2, (20, 15, 1)).astype(np.float32)
    nib.save(nib.Nifti1Image(volume, affine), tmp_path / "scan.nii.gz")
    places = trained.places(tmp_path / "out") | {"input": str(tmp_path / "scan.nii.gz")}
    run_workflow(trained.bundle, "inference", *deltas, run_id="inferring", **places)
    restored = nib.load(tmp_path / "out" / "scan_restored.nii.gz")
    assert restored.shape == volume.shape
    np.testing.assert_array_equal(restored.affine, affine)


def test_all_contrasts_of_mr_are_among_them(bundle, restored):
    contrasts = {read_json(path)["Contrast"] for path in restored.rglob("*.json")}
    assert contrasts == (set(CONTRASTS) if bundle.name == "mr_contrast_synthesis" else set())


def user_error(action):
    """What a user is shown of the error that MONAI raises."""
    with pytest.raises(RuntimeError) as caught:
        action()
    return find_user_error(caught.value)


@pytest.mark.parametrize("state", ["missing", "stale"])
def test_an_export_that_cannot_be_used_says_what_makes_it(trained, tmp_path, state):
    copy = trained._replace(checkpoint=tmp_path / "model.pt")
    for file in trained.checkpoint.parent.glob("*.*"):
        if file.suffix != ".onnx" or state == "stale":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    if state == "stale":
        weights = torch.load(copy.checkpoint, weights_only=True)
        torch.save({name: weight + 1 for name, weight in weights.items()}, copy.checkpoint)
    workflow = tiny_workflow(copy.bundle, "inference", "onnx", **copy.places(tmp_path / "out"))
    error = user_error(workflow.run)
    assert isinstance(error, CheckpointError)
    command = f"make it with: python -m taskgan_ext.export {copy.bundle} --ckpt_path {copy.checkpoint}"
    assert str(error).endswith(command)
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore:Can't merge entry:UserWarning")
def test_the_delta_alone_says_how_to_give_both(bundle):
    workflow = ConfigWorkflow(config_files(bundle, "onnx"), logging_file=False, run_id="inferring")
    error = user_error(workflow.initialize)
    assert isinstance(error, ConfigError)
    assert "['<bundle>/configs/inference.json','<bundle>/configs/onnx.json']" in str(error)


def test_the_delta_has_every_property_that_monai_knows(bundle, cohort):
    assert tiny_workflow(bundle, "inference", "onnx", dataset_dir=str(cohort)).check_properties() == []


class Stock(NamedTuple):
    """What MONAI's own exports are given, the generator, and two images of different shapes."""

    arguments: dict
    network: torch.nn.Module
    images: list


@pytest.fixture
def stock(trained):
    """The tiny generator with its weights."""
    bundle = trained.bundle
    settings = network_settings(bundle) | {"bundle_root": str(bundle)}
    parser = ConfigParser(ConfigParser.load_config_files(config_files(bundle, "inference")))
    parser.update(settings)
    network = parser.get_parsed_content("network_def").eval()
    network.load_state_dict(torch.load(trained.checkpoint, weights_only=True))
    metadata = ConfigParser.load_config_file(bundle / "configs" / "metadata.json")
    channels = metadata["network_data_format"]["inputs"]["image"]["num_channels"]
    draws = torch.Generator().manual_seed(0)
    images = [torch.rand(shape, generator=draws) for shape in ((2, channels, 16, 24), (3, channels, 40, 16))]
    arguments = {
        "net_id": "network_def",
        "ckpt_file": str(trained.checkpoint),
        "meta_file": str(bundle / "configs" / "metadata.json"),
        "config_file": str(bundle / "configs" / "inference.json"),
    }
    return Stock(arguments | settings, network, images)


# Tracing warns of every size that Python compares; whether such a module takes other sizes is tested here.
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("settings", [{}, {"use_trace": True, "input_shape": True}], ids=["script", "trace"])
def test_monai_s_torchscript_is_the_checkpoint(stock, tmp_path, settings):
    path = str(tmp_path / "model.ts")
    if "input_shape" in settings:
        settings = settings | {"input_shape": list(stock.images[0].shape)}
    ckpt_export(filepath=path, **stock.arguments, **settings)
    script = torch.jit.load(path).eval()
    with torch.no_grad():
        for image in stock.images:
            torch.testing.assert_close(script(image), stock.network(image))


def test_monai_s_onnx_is_the_checkpoint(stock, tmp_path):
    path = str(tmp_path / "model.onnx")
    axes = {"dynamic_axes": {"image": {0: "batch", 2: "height", 3: "width"}}}
    # torch announces what it will drop; whether MONAI still works with it is what is tested.
    with warnings.catch_warnings(action="ignore"):
        onnx_export(
            filepath=path, input_shape=list(stock.images[0].shape), converter_kwargs=axes, **stock.arguments
        )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for image in stock.images:
        (found,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(found), stock.network(image), rtol=1e-4, atol=1e-5)
