"""Join the processes that ``torchrun`` has started: on one computer or many, on GPUs or CPUs."""

import os
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from taskgan_ext.errors import ConfigError

TIMEOUT = timedelta(minutes=30)
"""How long a process waits for the others. They load the same files and write few, so that is generous; a
computer that is lost without a word ends the run after it."""


def open_store() -> Store:
    """Reach the store that all processes of the run share.

    Returns:
        The store, before any process group exists.

    Raises:
        ConfigError: the process was not started by ``torchrun``.
    """
    if "LOCAL_RANK" not in os.environ:
        raise ConfigError(
            "expected a process of torchrun, found none of its variables; start with torchrun, or leave "
            "multi_gpu_train.json out"
        )
    store, _, _ = next(rendezvous("env://", timeout=TIMEOUT))
    return store


def start_process_group(store: Store) -> None:
    """Make the processes one group: nccl where there are GPUs, one for each process; gloo on CPUs.

    Args:
        store: of ``open_store``.

    Raises:
        ConfigError: there are fewer GPUs than processes here, or only some of the computers have GPUs.
    """
    device = local_device()
    if device.type == "cuda":
        _refuse_too_few_gpus(torch.cuda.device_count())
        torch.cuda.set_device(device)
    _refuse_mixed_devices(store, device.type)
    dist.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        store=store,
        rank=int(os.environ["RANK"]),
        world_size=int(os.environ["WORLD_SIZE"]),
        timeout=TIMEOUT,
        # nccl connects at once then, and does not guess the device of a barrier.
        device_id=device if device.type == "cuda" else None,
    )


def local_device() -> torch.device:
    """Give the device of this process: its own GPU where there is one, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def refuse_unjoined_processes() -> None:
    """Stop processes of ``torchrun`` that do not know of one another: each would write the same files.

    Raises:
        ConfigError: there are several, and no process group.
    """
    count = int(os.environ.get("WORLD_SIZE", "1")) if "LOCAL_RANK" in os.environ else 1
    if count > 1 and not dist.is_initialized():
        raise ConfigError(
            f"torchrun: expected {count} processes that work together, found that each works alone; add "
            "multi_gpu_train.json to the files of --config_file, or start without torchrun"
        )


def _refuse_too_few_gpus(count: int) -> None:
    wanted = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if wanted > count:
        raise ConfigError(
            f"--nproc_per_node: expected at most {count}, one process for each GPU of this computer, got "
            f"{wanted}"
        )


def _refuse_mixed_devices(store: Store, kind: str) -> None:
    if os.environ["RANK"] == "0":
        store.set("device", kind)
    first = store.get("device").decode()
    if first != kind:
        raise ConfigError(
            f"expected the same kind of device for all processes, got {first} for rank 0 and {kind} for rank "
            f"{os.environ['RANK']}; hide the GPUs with CUDA_VISIBLE_DEVICES= to train on CPUs"
        )
