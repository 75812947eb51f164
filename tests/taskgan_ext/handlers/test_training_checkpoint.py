"""A run that was killed and started again ends with the very weights of a run that was not."""

import logging
import random
import signal
import time

import numpy as np
import pytest
import torch
from resumable_run import EPOCHS, STEPS_PER_EPOCH, resumable_run
from several_processes import run, start

from taskgan_ext.errors import CheckpointError
from taskgan_ext.handlers.load_weights import load_weights
from taskgan_ext.handlers.random_state import random_state, restore_random_state
from taskgan_ext.handlers.training_checkpoint import load_checkpoint
from taskgan_ext.io.process_lock import ProcessLock

RESULTS = ("state.pt", "model.pt", "history.csv")


def steps(folder):
    path = folder / "steps"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def assert_same_results(folder, other):
    for name in RESULTS:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Folder of a whole run in a process of its own."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    run(resumable_run, folder)
    assert steps(folder) == list(range(1, EPOCHS * STEPS_PER_EPOCH + 1))
    return folder


def test_killed_run_started_again_gives_the_same_bytes(uninterrupted, tmp_path):
    last = random.randrange(1, (EPOCHS - 1) * STEPS_PER_EPOCH)
    process = start(resumable_run, tmp_path)
    while len(steps(tmp_path)) < last and process.is_alive():
        time.sleep(0.001)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"killed after step {last}"
    killed_after = len(steps(tmp_path))
    run(resumable_run, tmp_path)
    assert killed_after < EPOCHS * STEPS_PER_EPOCH
    assert steps(tmp_path)[killed_after] <= killed_after + 1, "it went on behind the kill"
    assert (steps(tmp_path)[killed_after] - 1) % STEPS_PER_EPOCH == 0
    assert_same_results(uninterrupted, tmp_path)


def test_another_number_of_epochs_is_refused(uninterrupted):
    before = {name: (uninterrupted / name).read_bytes() for name in (*RESULTS, "steps")}
    with pytest.raises(CheckpointError, match=f"epochs: {EPOCHS} -> {EPOCHS + 1}"):
        resumable_run(uninterrupted, epochs=EPOCHS + 1)
    assert {name: (uninterrupted / name).read_bytes() for name in before} == before


def test_finished_run_does_nothing(uninterrupted, caplog):
    before = {name: (uninterrupted / name).read_bytes() for name in (*RESULTS, "steps")}
    with caplog.at_level(logging.INFO):
        resumable_run(uninterrupted)
    assert f"training complete at epoch {EPOCHS} of {EPOCHS}" in caplog.text
    assert {name: (uninterrupted / name).read_bytes() for name in before} == before


def test_a_second_run_in_the_same_folder_is_refused_while_the_first_one_trains(tmp_path, monkeypatch):
    monkeypatch.setattr(ProcessLock, "acquire", lambda _: "process 7 on elsewhere")
    with pytest.raises(
        CheckpointError, match=r"another training writes state\.pt there \(process 7 on elsewh"
    ):
        resumable_run(tmp_path)
    assert not steps(tmp_path)


def test_a_complete_training_is_read_though_another_run_holds_its_lock(uninterrupted, monkeypatch):
    monkeypatch.setattr(ProcessLock, "acquire", lambda _: "process 7 on elsewhere")
    resumable_run(uninterrupted)


def test_a_run_leaves_no_lock(uninterrupted):
    assert not list(uninterrupted.glob("*.lock"))


def test_checkpoint_holds_tensors_and_plain_types_only(uninterrupted):
    content = torch.load(uninterrupted / "state.pt", weights_only=True)
    assert content["epoch"] == EPOCHS
    assert content["hyperparameters"] == {"seed": 3, "epochs": EPOCHS, "crop": "[32, 32]"}
    assert set(content["state"]) == {
        "generator",
        "discriminator",
        "task_network",
        "generator_optimizer",
        "discriminator_optimizer",
        "task_network_optimizer",
        "ema",
        "scheduler",
    }


def test_exported_model_is_a_bare_state_dict_of_the_average(uninterrupted):
    average = load_checkpoint(uninterrupted / "state.pt")["state"]["ema"]
    model = torch.load(uninterrupted / "model.pt", weights_only=True)
    assert model
    for name, value in model.items():
        assert torch.equal(value, average[f"module.{name}"])


def test_changed_settings_are_refused_by_name(uninterrupted):
    before = (uninterrupted / "state.pt").read_bytes()
    with pytest.raises(CheckpointError, match=r"other settings \(seed: 3 -> 4\).*--ckpt_dir"):
        resumable_run(uninterrupted, seed=4)
    assert (uninterrupted / "state.pt").read_bytes() == before


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "weights"])
def test_broken_file_is_refused_with_its_path(uninterrupted, tmp_path, damage):
    whole = (uninterrupted / "state.pt").read_bytes()
    broken = {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"no checkpoint",
        "weights": (uninterrupted / "model.pt").read_bytes(),
    }
    (tmp_path / "state.pt").write_bytes(broken[damage])
    with pytest.raises(CheckpointError, match=r"state.pt: expected a training checkpoint") as caught:
        resumable_run(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert not steps(tmp_path)


def test_networks_of_another_shape_are_refused(uninterrupted, tmp_path):
    content = torch.load(uninterrupted / "state.pt", weights_only=True)
    content["state"]["generator"].popitem()
    torch.save(content, tmp_path / "state.pt")
    with pytest.raises(CheckpointError, match=r"state.pt: .*generator.*1 of \d+ tensors differ") as caught:
        resumable_run(tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "state.pt.lock").exists()


def test_random_generators_come_back():
    state = random_state()

    def draw():
        np.random.standard_normal()  # noqa: NPY002
        return torch.rand(2).tolist(), np.random.rand(2).tolist(), random.random(), random.gauss()  # noqa: NPY002

    first = draw()
    assert draw() != first
    restore_random_state(state)
    assert draw() == first


def test_weights_fit_strictly(uninterrupted, tmp_path):
    network = torch.nn.Linear(1, 1)
    with pytest.raises(CheckpointError, match="weights of this Linear, but they do not fit"):
        load_weights(network, uninterrupted / "model.pt")
    with pytest.raises(CheckpointError, match=r"expected \(1, 1\), found none.*Give the settings") as caught:
        load_weights(network, uninterrupted / "model.pt")
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match="found no file; make them with: command"):
        load_weights(network, tmp_path / "absent.pt", "command")
