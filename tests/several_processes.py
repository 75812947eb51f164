"""Run a function in processes of their own, which share one import of torch and MONAI."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import torch
from torch import distributed

NUM_RANKS = 2


def start(function: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Start ``function(*arguments)`` in a process with one thread."""
    context: ForkServerContext = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["taskgan_ext.engines", "taskgan_ext.handlers"])
    process = context.Process(target=_with_one_thread, args=(function, *arguments))
    process.start()
    return process


def run(function: Callable[..., None], *arguments: Any) -> None:
    """Run ``function(*arguments)`` in a process and wait for it."""
    process = start(function, *arguments)
    process.join()
    assert process.exitcode == 0


def run_ranks(function: Callable[..., Any], folder: Path, *arguments: Any) -> list[Any]:
    """Run ``function(*arguments)`` in two processes of a gloo group and give what each returns."""
    processes = [start(_rank, rank, function, folder, *arguments) for rank in range(NUM_RANKS)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * NUM_RANKS
    return [torch.load(folder / f"rank{rank}.pt", weights_only=False) for rank in range(NUM_RANKS)]


def _with_one_thread(function: Callable[..., None], *arguments: Any) -> None:
    torch.set_num_threads(1)
    function(*arguments)


def _rank(rank: int, function: Callable[..., Any], folder: Path, *arguments: Any) -> None:
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=NUM_RANKS
    )
    torch.save(function(*arguments), folder / f"rank{rank}.pt")
    distributed.destroy_process_group()
