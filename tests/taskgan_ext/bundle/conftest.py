"""A bundle of one small configuration, and command lines that name it."""

from pathlib import Path

import monai.bundle
import pytest

from taskgan_ext.io.atomic import write_json

PROGRAM = f"{next(iter(monai.bundle.__path__))}/__main__.py"
TRAIN = {
    "bundle_root": "bundle",
    "ckpt_dir": "$@bundle_root + '/models'",
    "task_ckpt_dir": "$@bundle_root + '/models'",
    "output_dir": "$@bundle_root + '/eval'",
    "device": "cpu",
    "amp": False,
    "seed": 0,
    "epochs": 2,
    "epoch_samples": 8,
    "task_epochs": 1,
    "batch_size": 4,
    "learning_rate": 0.001,
    "mu_task": 0.5,
    "level": 4,
    "crop": [32, 32, -1],
    "slices": None,
    "run_name": "",
    "rate": "@learning_rate",
    "network_def": {"_target_": "taskgan_ext.networks.UNetGenerator", "channels": [4, 8], "in_channels": 1},
    "move": {"_target_": "torch.optim.Adam", "params": "$@network_def.parameters()", "lr": "@learning_rate"},
    "train": {
        "hyperparameters": {"seed": "@seed"},
        "trainer": {"_target_": "taskgan_ext.engines.TaskGANTrainer", "max_epochs": "@epochs"},
    },
}


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file of a bundle in the working directory."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "bundle" / "configs" / "train.json"
    write_json(file, TRAIN)
    write_json(file.with_name("metadata.json"), {"version": "1"})
    return file


@pytest.fixture
def words(train: Path):
    """Function that gives the words of a command line, with more of them."""
    return lambda *more: [PROGRAM, "run", "training", "--config_file", str(train), *more]
