"""Training in several processes through the documented command: the numbers of one process."""

import csv
import os
import subprocess
import sys

import pytest
import torch
from bundle_runs import config_files, run_workflow, tiny_settings

SAMPLES = 11
"""With batches of 4, the last one has 3: shares of 2 and 1."""
WRITTEN = {
    "model.pt",
    "task_network.pt",
    "task_training_state.pt",
    "training_state.pt",
    "training_subjects.json",
}
WEIGHTS = {"rtol": 0, "atol": 2e-5}
"""Adam turns the rounding of a gradient near 0 into a part of a step, which is 1e-3."""


def folders(folder, cohort):
    return {
        "epoch_samples": SAMPLES,
        "dataset_dir": str(cohort),
        "ckpt_dir": str(folder / "models"),
        "task_ckpt_dir": str(folder / "models"),
        "output_dir": str(folder / "eval"),
    }


def torchrun(bundle, cohort, folder, num_processes, visible=""):
    """Train under torchrun; give the finished command."""
    folder.mkdir()
    settings = tiny_settings(bundle, "train") | folders(folder, cohort)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc_per_node={num_processes}", "-m", "monai.bundle", "run", "training"]
    command += ["--config_file", str(config_files(bundle, "train", "multi_gpu_train"))]
    command += [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    if visible is not None:
        environment["CUDA_VISIBLE_DEVICES"] = visible
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=240
    )


def history(folder):
    with (folder / "eval" / "history.csv").open(encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def tensors(content, name=""):
    """All tensors of a checkpoint by their place in it."""
    if isinstance(content, torch.Tensor):
        return {name: content}
    items = content.items() if isinstance(content, dict) else ()
    return {key: tensor for part, value in items for key, tensor in tensors(value, f"{name}/{part}").items()}


def assert_same(folder, alone, rel=1e-4):
    for found, wanted in zip(history(folder), history(alone), strict=True):
        assert found == pytest.approx(wanted, rel=rel)
    for file in ("model.pt", "task_network.pt"):
        found, wanted = (
            tensors(torch.load(each / "models" / file, weights_only=True)) for each in (folder, alone)
        )
        assert found.keys() == wanted.keys()
        for name, tensor in wanted.items():
            torch.testing.assert_close(found[name], tensor, **WEIGHTS)


@pytest.mark.slow
def test_two_processes_train_what_one_trains(bundle, cohort, tmp_path):
    result = torchrun(bundle, cohort, tmp_path / "two", 2)
    assert result.returncode == 0, result.stderr
    run_workflow(bundle, "train", **folders(tmp_path / "one", cohort))
    assert_same(tmp_path / "two", tmp_path / "one")
    # synthesis.json: the MR bundle's times of the analytic contrasts.
    assert {path.name for path in (tmp_path / "two" / "models").iterdir()} - {"synthesis.json"} == WRITTEN
    state = torch.load(tmp_path / "two" / "models" / "training_state.pt", weights_only=True)
    assert state["epoch"] == 2
    # The random state of each process is kept, so that both continue where they were.
    assert len(state["random"]) == 2
    # Only the first process shows what it does.
    for text in ("training G, D, T: 100%", "training T: 100%"):
        assert result.stderr.count(text) == 1
    assert result.stdout.count("Epoch[2] Metrics") == 1


@pytest.mark.slow
@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: nccl, and the device of a process")
def test_processes_on_gpus_train_what_one_process_trains_on_the_cpu(bundle, cohort, tmp_path):
    count = min(2, torch.cuda.device_count())
    result = torchrun(bundle, cohort, tmp_path / "gpu", count, visible=None)
    assert result.returncode == 0, result.stderr
    assert "destroy_process_group" not in result.stderr
    assert "device_id" not in result.stderr
    run_workflow(bundle, "train", **folders(tmp_path / "one", cohort))
    # Convolutions of GPU and CPU add up in other orders, and TF32 is off in tests only for matrices.
    for found, wanted in zip(history(tmp_path / "gpu"), history(tmp_path / "one"), strict=True):
        assert found == pytest.approx(wanted, rel=2e-2)
