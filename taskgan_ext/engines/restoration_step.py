"""One training step of Task-GAN as a function: each network passes each image once.

The generator, the discriminator and the task network are updated simultaneously: the gradients for G use
the weights that D and T had before their own update. That makes one pass of D on x and on G(x~) enough
for both of its uses (its own loss, and the features that G matches), and likewise for T.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from taskgan_ext.errors import ConfigError
from taskgan_ext.keys import LOSS_DISCRIMINATOR, LOSS_TASK_NETWORK
from taskgan_ext.losses.adversarial import DiscriminatorLoss
from taskgan_ext.losses.feature_matching import FeatureMatchingLoss
from taskgan_ext.losses.objective import TaskGANObjective
from taskgan_ext.losses.pixel import PixelLoss
from taskgan_ext.losses.precision import full_precision
from taskgan_ext.losses.task_regression import TaskLoss, task_regression_loss
from taskgan_ext.networks.constructor_settings import require_choice
from taskgan_ext.networks.network_output import NetworkOutput

TaskTraining = Literal["frozen", "reference", "both"]
"""What T learns from while G is trained: nothing, T(x) alone, or T(x) and T(G(x~)) (eq. 3)."""


@dataclass(frozen=True)
class StepLosses:
    """The losses of one step.

    Args:
        objective: eq. 4; its weights decide which networks take part.
        pixel: eq. 1.
        matching: eq. 2.
        task: eq. 3, the generator's share.
        discriminator: D's own loss.
        task_training: what T learns from.

    Raises:
        ConfigError: ``task_training`` is none of its choices; or G is held to what T segments, and T would be
            trained along by its decision alone.
    """

    objective: TaskGANObjective
    pixel: PixelLoss = field(default_factory=PixelLoss)
    matching: FeatureMatchingLoss = field(default_factory=FeatureMatchingLoss)
    task: TaskLoss = field(default_factory=TaskLoss)
    discriminator: DiscriminatorLoss = field(default_factory=DiscriminatorLoss)
    task_training: TaskTraining = "frozen"

    def __post_init__(self) -> None:
        """Refuse to spoil the layers that a segmentation rests on."""
        require_choice("task_training", self.task_training, get_args(TaskTraining))
        if self.task_training != "frozen" and self.task.segmentation_weight > 0:
            raise ConfigError(
                "task_training: expected 'frozen' for a task network that segments, since a step trains its "
                f"decision alone, got {self.task_training!r}; or set segmentation_weight to 0"
            )


def restoration_step(
    restore: Callable[[], Tensor],
    target: Tensor,
    prop: Tensor,
    networks: tuple[nn.Module | None, nn.Module | None],
    losses: StepLosses,
    autocast: Callable[[], AbstractContextManager[object]] = nullcontext,
    weight: Tensor | None = None,
) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Add the gradients of one step to the parameters of all trained networks.

    Args:
        restore: gives G(x~), shape ``(B, C, X, Y[, Z])``, with its graph.
        target: x, the same shape.
        prop: y, shape ``(B,)`` or ``(B, classes)``.
        networks: D, which is shown the property beside the image, and T; ``None`` where the weight of their
            term is 0.
        losses: eq. 1 to 4.
        autocast: gives the context of the forward passes; losses are computed in float32.
        weight: factor of every loss, for one of several processes that share a batch
            (``weight_of_share``); ``None`` for 1.

    Returns:
        The restored batch (detached, float32), the objective (eq. 4) and its named terms, all detached.
    """
    discriminator, task_network = networks
    with autocast():
        pred = restore()
    pred = full_precision(pred)
    # D and T see a leaf: the gradients of their terms gather there and pass through G once, at the end.
    leaf = pred.detach().requires_grad_(discriminator is not None or task_network is not None)
    own_losses: dict[str, Tensor] = {}
    loss_gan = loss_task = None
    if discriminator is not None:
        with autocast():
            real, restored = discriminator(target, prop), discriminator(leaf, prop)
        loss_own = losses.discriminator(real.logit, restored.logit)
        own_losses[LOSS_DISCRIMINATOR] = weighted(loss_own, weight)
        _add_gradients(own_losses[LOSS_DISCRIMINATOR], discriminator)
        loss_gan = weighted(losses.matching(real.features, restored.features), weight)
    if task_network is not None:
        trained = losses.task_training != "frozen"
        with autocast():
            restored = task_network(leaf)
            with torch.set_grad_enabled(trained):
                real = task_network(target) if trained or losses.task.uses_reference else None
        loss_task = weighted(losses.task(restored, real, prop), weight)
        if real is not None and trained:
            loss_own = _task_network_loss(real, restored, prop, losses.task_training)
            own_losses[LOSS_TASK_NETWORK] = weighted(loss_own, weight)
            _add_gradients(own_losses[LOSS_TASK_NETWORK], task_network)
    loss_pixel = weighted(losses.pixel(pred, target), weight)
    total, terms = losses.objective(loss_pixel, loss_gan, loss_task)
    # The objective meets G(x~) twice: as pixels and, through D and T, as the leaf.
    met = [pred, leaf] if leaf.requires_grad else [pred]
    gradients = torch.autograd.grad(total, met, materialize_grads=True)
    torch.autograd.backward([pred] * len(met), gradients)
    return (
        leaf.detach(),
        total.detach(),
        {name: value.detach() for name, value in {**terms, **own_losses}.items()},
    )


def weighted(loss: Tensor, weight: Tensor | None) -> Tensor:
    """Multiply a loss of this process by its weight among the processes.

    That is right for a mean over the process's own samples. A term that is the same on all processes, since
    it is taken over their whole batch, keeps its value in the mean: the weights add up to their number.

    Args:
        loss: a scalar.
        weight: of ``weight_of_share``.
    """
    return loss if weight is None else loss * weight.to(loss.dtype)


def _task_network_loss(
    real: NetworkOutput, restored: NetworkOutput, prop: Tensor, training: TaskTraining
) -> Tensor:
    loss = task_regression_loss(real.logit, prop)
    return loss + task_regression_loss(restored.logit, prop) if training == "both" else loss


def _add_gradients(loss: Tensor, network: nn.Module) -> None:
    # The graph is kept: the same passes serve the generator's terms.
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    # What a network segments is no part of its decision.
    gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if gradient is not None:
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
