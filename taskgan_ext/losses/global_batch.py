"""Means over the batch of all processes, with gradients."""

from typing import Any

import torch
from torch import Tensor, distributed


class _SumOverProcesses(torch.autograd.Function):
    """Differentiable all-reduce: the sum of a tensor over all processes.

    Written out because ``torch.distributed.nn.functional.all_reduce`` is deprecated and its successor has no
    gradient outside ``torch.compile``.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: ANN401, ARG004
        total = values.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401, ARG004
        return _SumOverProcesses.forward(None, gradients[0])


def global_batch_sum(values: Tensor) -> Tensor:
    """Add up what the processes found in their parts of the batch, if ``torch.distributed`` is initialised.

    The gradient is that of ``global_batch_mean``. All processes must call this equally often, also backwards.

    Args:
        values: sums over the batch of one process, of any shape.

    Returns:
        The sums over the whole batch, the same on every process.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return values
    return _SumOverProcesses.apply(values)


def global_batch_mean(values: Tensor) -> Tensor:
    """Average over the batch axis, across all processes if ``torch.distributed`` is initialised.

    The processes may hold batches of different sizes. The gradient is that of the *sum* of the processes'
    losses: DistributedDataParallel divides by their number, so a loss of this mean then moves the parameters
    as one process with the whole batch would. All processes must call this equally often, also backwards.

    Args:
        values: shape ``(B, ...)``, the same on every process but for B.

    Returns:
        The mean, shape ``(...)``, the same on every process.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return values.mean(dim=0)
    count = torch.tensor(float(len(values)), device=values.device)
    distributed.all_reduce(count)
    return _SumOverProcesses.apply(values.sum(dim=0)) / count.to(values.dtype)
