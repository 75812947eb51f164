"""Training in several processes through the documented command, on CPUs."""

import os
import subprocess
import sys

import pytest
import torch
from bundle_runs import config_files, tiny_settings


@pytest.mark.slow
def test_two_processes_train_one_model(bundle, cohort, tmp_path):
    settings = tiny_settings(bundle, "train") | {
        "epochs": 1,
        "dataset_dir": cohort,
        "ckpt_dir": tmp_path / "models",
        "task_ckpt_dir": tmp_path / "models",
        "output_dir": tmp_path / "eval",
    }
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command += ["-m", "monai.bundle", "run", "training"]
    command += ["--config_file", str(config_files(bundle, "train", "multi_gpu_train"))]
    command += [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert result.returncode == 0, result.stderr
    # synthesis.json: the MR bundle's times of the analytic contrasts.
    assert {path.name for path in (tmp_path / "models").iterdir()} - {"synthesis.json"} == {
        "model.pt",
        "task_network.pt",
        "task_training_state.pt",
        "training_state.pt",
        "training_subjects.json",
    }
    state = torch.load(tmp_path / "models" / "training_state.pt", weights_only=True)
    assert state["epoch"] == 1
    # The random state of each process is kept, so that both continue where they were.
    assert len(state["random"]) == 2
    assert len((tmp_path / "eval" / "history.csv").read_text(encoding="utf-8").splitlines()) == 2
