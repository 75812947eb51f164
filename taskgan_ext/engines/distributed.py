"""Several processes, one step: explicit reductions instead of wrapped networks.

A step of Task-GAN takes gradients of several losses with respect to different networks from shared passes.
``DistributedDataParallel`` hooks one backward pass of one wrapped network, so the trainer averages the
gradients itself, in one message a network. Without a process group every function does nothing.
"""

from collections.abc import Iterable
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from taskgan_ext.errors import ConfigError

T = TypeVar("T")


def is_parallel() -> bool:
    """Tell whether more than one process works on this run."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


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


def weight_of_share(num_samples: int, device: torch.device | str) -> Tensor | None:
    """Give the factor by which the mean over this process's samples counts in the mean over the processes.

    The last batch of an epoch may be shared unevenly. With n_r samples in this one of N processes, the mean
    over the processes of ``n_r N / sum(n_r)`` times their means is the mean over all samples.

    Args:
        num_samples: n_r, samples of this process in this step.
        device: of the result, and of the message.

    Returns:
        A scalar of float64, exactly 1 where the shares are even; ``None`` for one process.
    """
    if not is_parallel():
        return None
    own = torch.tensor(num_samples, dtype=torch.float64, device=device)
    total = own.clone()
    dist.all_reduce(total)
    return own * dist.get_world_size() / total


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
    """Average the running statistics of a network that are taken over each image alone.

    Those of instance normalisation drift apart, because each process sees other images. Those of batch
    normalisation are the same everywhere (``taskgan_ext.engines.batch_statistics``).

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


def any_process(flag: Tensor) -> bool:
    """Tell whether a condition holds in any process.

    Args:
        flag: a boolean scalar, on the device of the networks.
    """
    count = flag.float()
    if is_parallel():
        dist.all_reduce(count)
    return bool(count > 0)


def gather(value: T) -> list[T]:
    """Give every process the values of all, in the order of the ranks.

    Args:
        value: plain types or tensors, pickled on the way.
    """
    if not is_parallel():
        return [value]
    values: list[T] = [value] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values
