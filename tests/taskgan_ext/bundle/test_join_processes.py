"""Processes of torchrun fail together, soon, and with one message."""

import os
import signal
import subprocess
import sys

import pytest
import torch
import torch.distributed as dist

from taskgan_ext.bundle.join_processes import LOST, is_lost_connection, join_processes
from taskgan_ext.bundle.messages import ReadableErrors
from taskgan_ext.engines.process_group import open_store, refuse_unjoined_processes, start_process_group
from taskgan_ext.errors import ConfigError

PROGRAM = """
import os, signal, sys
import torch, torch.distributed as dist
from taskgan_ext.bundle.join_processes import join_processes
from taskgan_ext.errors import DataError

join_processes()
rank, case = dist.get_rank(), sys.argv[1]
dist.all_reduce(torch.ones(1))
if case == "all" or (case == "one" and rank == 1):
    raise DataError("sub-001: expected an image, found none")
if case == "killed" and rank == 1:
    os.kill(os.getpid(), signal.SIGKILL)
dist.all_reduce(torch.ones(1))
"""

pytestmark = pytest.mark.skipif(not dist.is_gloo_available(), reason="torch was built without gloo")


@pytest.fixture
def program(tmp_path):
    """Start the program under torchrun with a case; give its exit code and the lines of its errors."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}

    def run(case):
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
        result = subprocess.run(
            [*command, str(path), case],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        lines = result.stderr.splitlines()
        return result.returncode, [line for line in lines if line.startswith("error: ")], result.stderr

    return run


@pytest.mark.parametrize("case", ["one", "all"])
def test_failing_processes_give_one_message_and_end_all(program, case):
    code, errors, _ = program(case)
    assert code == 1
    assert errors == ["error: sub-001: expected an image, found none"]


def test_killed_process_ends_all_and_is_named_by_torchrun(program):
    code, errors, text = program("killed")
    assert code == 1
    # torchrun may end the other process before that one sees that its peer is gone.
    assert errors in ([], [f"error: {LOST}"])
    assert f"Signal {int(signal.SIGKILL)} (SIGKILL)" in text


def test_processes_without_torchrun_are_told_to_use_it(monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    with pytest.raises(ConfigError, match="start with torchrun"):
        open_store()
    monkeypatch.setenv("WORLD_SIZE", "2")
    refuse_unjoined_processes()


def test_a_run_without_torchrun_is_refused_in_one_line(monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    with pytest.raises(ConfigError, match=r"start with torchrun, or leave multi_gpu_train\.json out"):
        join_processes()
    assert isinstance(sys.excepthook, ReadableErrors)


def test_processes_that_do_not_know_of_one_another_are_refused(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="2 processes that work together, found"):
        refuse_unjoined_processes()


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    with pytest.raises(ConfigError, match="--nproc_per_node: expected at most 2, one process"):
        start_process_group(dist.HashStore())


def test_computers_with_and_without_gpus_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("RANK", "1")
    store = dist.HashStore()
    store.set("device", "cuda")
    with pytest.raises(ConfigError, match="got cuda for rank 0 and cpu for rank 1"):
        start_process_group(store)


def test_lost_connection_is_told_from_other_errors():
    assert is_lost_connection(RuntimeError("[/x/gloo/transport/tcp/pair.cc:1] Connection closed by peer"))
    assert is_lost_connection(dist.DistNetworkError("gone"))
    assert not is_lost_connection(RuntimeError("shapes differ"))
    assert not is_lost_connection(ValueError("gloo/"))
