"""A bundle that is as small as an export can be."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch

from taskgan_ext.export import export_bundle
from taskgan_ext.networks import UNetGenerator

CHANNELS = [4, 8]


@pytest.fixture
def small_bundle(tmp_path: Path) -> Path:
    """Folder of a bundle with a U-Net of two levels and its weights."""
    return make_bundle(tmp_path / "small")


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same bundle, exported in all formats; nobody may change it."""
    folder = make_bundle(tmp_path_factory.mktemp("original") / "small")
    export_bundle(folder)
    return folder


@pytest.fixture
def exported(original: Path, small_bundle: Path) -> Path:
    """A copy of the exported bundle, in the place of the one that is not."""
    return shutil.copytree(original, small_bundle, dirs_exist_ok=True)


def make_bundle(folder: Path) -> Path:
    """Write configuration and weights."""
    for name in ("configs", "models"):
        (folder / name).mkdir(parents=True)
    inference = {
        "bundle_root": ".",
        "ckpt_path": "$@bundle_root + '/models/model.pt'",
        "train_first": "python -m monai.bundle run training",
        "colours": 2,
        "network_def": {
            "_target_": "taskgan_ext.networks.UNetGenerator",
            "in_channels": "@colours",
            "channels": CHANNELS,
            "num_dropout_levels": 1,
            "output_activation": "softplus",
        },
    }
    image = {"num_channels": 2, "spatial_shape": ["4*n", "4*n"], "value_range": [0, 5]}
    metadata = {"network_data_format": {"inputs": {"image": image}}}
    (folder / "configs" / "inference.json").write_text(json.dumps(inference), encoding="utf-8")
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    write_weights(folder, seed=0)
    return folder


@pytest.fixture
def train_on(small_bundle: Path) -> Callable[..., None]:
    """Function ``train_on(seed, in_channels)`` that writes other weights into the bundle."""
    return partial(write_weights, small_bundle)


def write_weights(folder: Path, seed: int, in_channels: int = 2) -> None:
    """Write weights that differ from seed to seed, the statistics of batch normalisation included."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = UNetGenerator(
            in_channels=in_channels, channels=CHANNELS, num_dropout_levels=1, output_activation="softplus"
        )
        network(torch.rand(2, in_channels, 16, 16))
    torch.save(network.state_dict(), folder / "models" / "model.pt")
