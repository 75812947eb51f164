"""Batch normalisation over the batch of all processes, on CPUs as on GPUs."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from taskgan_ext.engines.distributed import is_parallel


class SynchronisedBatchNorm(_BatchNorm):
    """Batch normalisation (Ioffe and Szegedy, arXiv:1502.03167) whose batch is that of all processes.

    In training mode mean and variance are taken over the samples of all processes, which may hold different
    numbers of them, so that a step equals that of one process with the whole batch. ``nn.SyncBatchNorm``
    does the same on CUDA alone. Names and shapes of parameters and buffers are those of ``nn.BatchNorm``.
    All processes must pass it equally often, also backwards.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Normalise.

        Args:
            values: shape ``(B, C, ...)``, the same on every process but for B.

        Returns:
            The same shape and type; computed in at least float32.
        """
        if not (self.training and is_parallel()):
            return super().forward(values)
        exact = values if values.dtype == torch.float64 else values.float()
        normalised, mean, variance, count = _NormaliseOverProcesses.apply(exact, self.eps)
        self._track(mean, variance * count / (count - 1))
        if self.affine:
            shape = (1, -1, *[1] * (values.ndim - 2))
            normalised = normalised * self.weight.view(shape) + self.bias.view(shape)
        return normalised.to(values.dtype)

    def _check_input_dim(self, values: Tensor) -> None:
        if values.ndim < 2:
            raise ValueError(f"expected a batch with channels, got shape {tuple(values.shape)}")

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        momentum = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        self.running_mean += momentum * (mean.to(self.running_mean.dtype) - self.running_mean)
        self.running_var += momentum * (variance.to(self.running_var.dtype) - self.running_var)


class _NormaliseOverProcesses(torch.autograd.Function):
    """Bring every channel to mean 0 and variance 1 over all processes: one message each way.

    The gradient is that of the sum of the processes' losses, as in ``global_batch_mean``.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # noqa: ANN401
        axes = [0, *range(2, values.ndim)]
        mean = values.mean(dim=axes)
        spread = (values - _channels(mean, values)).square().sum(dim=axes)
        # Sums of two processes are added in float64: their means may be large beside their spread.
        own = torch.full_like(mean, values.numel() // values.shape[1], dtype=torch.float64)
        sums = torch.stack([own, own * mean, spread + own * mean.double().square()])
        dist.all_reduce(sums)
        count = sums[0]
        mean, square = sums[1] / count, sums[2] / count
        variance = (square - mean.square()).clamp(min=0)
        scale = (variance + eps).rsqrt().to(values.dtype)
        normalised = (values - _channels(mean.to(values.dtype), values)) * _channels(scale, values)
        ctx.save_for_backward(normalised, scale, count.to(values.dtype))
        ctx.mark_non_differentiable(mean, variance, count)
        return normalised, mean, variance, count

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        normalised, scale, count = ctx.saved_tensors
        gradient = gradients[0]
        axes = [0, *range(2, gradient.ndim)]
        sums = torch.stack([gradient.sum(dim=axes), (gradient * normalised).sum(dim=axes)])
        dist.all_reduce(sums)
        mean, slope = (_channels(each / count, gradient) for each in sums)
        return (gradient - mean - normalised * slope) * _channels(scale, gradient), None


def synchronise_batch_statistics(network: nn.Module) -> None:
    """Let every batch normalisation within a network use the batch of all processes.

    The layers are replaced by ``SynchronisedBatchNorm`` with the same parameters and buffers: optimisers,
    checkpoints and exports see no difference. One process changes nothing.

    Args:
        network: changed in place.
    """
    if not is_parallel():
        return
    replaced: dict[nn.Module, nn.Module] = {}
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, _BatchNorm) and not isinstance(
                layer, (SynchronisedBatchNorm, nn.SyncBatchNorm)
            ):
                setattr(parent, name, replaced.setdefault(layer, _synchronised(layer)))


def _synchronised(layer: _BatchNorm) -> SynchronisedBatchNorm:
    found = SynchronisedBatchNorm(
        layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats
    )
    for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        setattr(found, name, getattr(layer, name))
    return found.train(layer.training)


def _channels(values: Tensor, like: Tensor) -> Tensor:
    return values.view(1, -1, *[1] * (like.ndim - 2))
