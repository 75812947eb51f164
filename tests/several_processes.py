"""Run a function in processes of their own, which share one import of torch and MONAI."""

import multiprocessing
import tempfile
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import torch
from torch import distributed

NUM_RANKS = 2
TIMEOUT = 240


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


def run_ranks(
    function: Callable[..., Any], folder: Path, *arguments: Any, num_ranks: int = NUM_RANKS
) -> list[Any]:
    """Run ``function(*arguments)`` in the processes of a gloo group and give what each returns."""
    meeting = Path(tempfile.mkdtemp(dir=folder))
    processes = [start(_rank, (rank, num_ranks), function, meeting, *arguments) for rank in range(num_ranks)]
    for process in processes:
        process.join(TIMEOUT)
    assert [process.exitcode for process in processes] == [0] * num_ranks
    return [torch.load(meeting / f"rank{rank}.pt", weights_only=False) for rank in range(num_ranks)]


def _with_one_thread(function: Callable[..., None], *arguments: Any) -> None:
    torch.set_num_threads(1)
    function(*arguments)


def _rank(place: tuple[int, int], function: Callable[..., Any], folder: Path, *arguments: Any) -> None:
    rank, size = place
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=size
    )
    torch.save(function(*arguments), folder / f"rank{rank}.pt")
    distributed.destroy_process_group()
