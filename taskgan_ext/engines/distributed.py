"""Several processes, one step: explicit reductions instead of wrapped networks.

A step of Task-GAN takes gradients of several losses with respect to different networks from shared passes.
``DistributedDataParallel`` hooks one backward pass of one wrapped network, so the trainer averages the
gradients itself, in one message a network. Without a process group every function does nothing.
"""

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn

from taskgan_ext.errors import ConfigError


def is_parallel() -> bool:
    """Tell whether more than one process works on this run."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def start_process_group() -> None:
    """Join the processes that ``torchrun`` has started: nccl on GPUs, gloo on CPUs.

    Raises:
        ConfigError: the process was not started by ``torchrun``.
    """
    if "LOCAL_RANK" not in os.environ:
        raise ConfigError("expected a process of torchrun, found none of its variables; start with torchrun")
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")


def local_device() -> torch.device:
    """Give the device of this process: its own GPU where there is one, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def share_of_batch(batch_size: int) -> int:
    """Give the samples that each process takes so that together they make one batch.

    Args:
        batch_size: samples of the whole step.

    Returns:
        Samples of one process.

    Raises:
        ConfigError: the batch cannot be divided evenly.
    """
    size = dist.get_world_size() if is_parallel() else 1
    if batch_size % size:
        raise ConfigError(
            f"batch_size: expected a number that {size} processes can share evenly, got {batch_size}"
        )
    return batch_size // size


def average(tensors: Iterable[Tensor]) -> None:
    """Replace every tensor by its mean over the processes, in one message.

    Args:
        tensors: floating-point tensors, in the same order on every process; changed in place.
    """
    if not is_parallel():
        return
    tensors = list(tensors)
    if not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def average_gradients(network: nn.Module) -> None:
    """Average the gradients of a network over the processes.

    Args:
        network: its parameters' ``grad`` are changed in place.
    """
    average(parameter.grad for parameter in network.parameters() if parameter.grad is not None)


def average_buffers(network: nn.Module) -> None:
    """Average the running statistics of a network, which drift apart because each rank sees other samples.

    Args:
        network: its floating-point buffers are changed in place.
    """
    average(buffer for buffer in network.buffers() if buffer.is_floating_point())


def broadcast(network: nn.Module) -> None:
    """Give every process the parameters and buffers of rank 0.

    Args:
        network: changed in place on the other ranks.
    """
    if is_parallel():
        for tensor in network.state_dict().values():
            dist.broadcast(tensor, src=0)
