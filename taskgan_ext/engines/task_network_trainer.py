"""The engine that trains a task network, or the independent judge, on reference images."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import torch
from ignite.engine import Engine
from monai.engines import IterationEvents
from torch import Tensor, nn
from torch.optim import Optimizer

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.engines.batch_statistics import synchronise_batch_statistics
from taskgan_ext.engines.distributed import average_buffers, broadcast, weight_of_share
from taskgan_ext.engines.loss_trainer import LossTrainer
from taskgan_ext.engines.prepare_batch import prepare_task_batch
from taskgan_ext.engines.restoration_step import weighted
from taskgan_ext.engines.update import apply_gradients, refuse_non_finite
from taskgan_ext.errors import ConfigError
from taskgan_ext.keys import LABEL, LOSS, PROPERTY, REGIONS
from taskgan_ext.losses.segmentation import segmentation_loss
from taskgan_ext.losses.task_regression import task_cross_entropy_loss, task_regression_loss

TaskObjective = Literal["regression", "cross_entropy"]
_LOSSES = {"regression": task_regression_loss, "cross_entropy": task_cross_entropy_loss}


class TaskNetworkTrainer(LossTrainer):
    """Teach the property on reference images.

    By ``"regression"`` with (T(x) - y)^2, the second term of eq. 3; by ``"cross_entropy"`` a network of
    several classes learns faster, and errs less after the same number of steps.

    A network that segments also learns the mask that a batch holds as ``regions``.

    Args:
        device: device of the network.
        max_epochs: epochs in all.
        train_data_loader: batches with ``label`` (x) and ``property`` (y).
        network: T or the judge; returns ``(logit, features)``.
        optimizer: its optimiser.
        objective: ``"regression"`` or ``"cross_entropy"``.
        margin: taken off the logit of the true class by ``"cross_entropy"``, so that also classes are
            separated that the network has not seen; 0 leaves it out.
        segmentation_weight: weight of the segmentation of a network that segments. Its loss starts at 1 to 2,
            beside the squared error of six classes of 0.14 and their cross entropy of 1.8.
        max_gradient_norm: the gradients are clipped to this Euclidean norm.
        amp: run the forward pass in bfloat16 where it is safe.
        hyperparameters: settings of the run: tracked, and compared when a run is resumed.
        train_handlers: Ignite handlers.
        kwargs: further arguments of ``monai.engines.Trainer``.

    Raises:
        ConfigError: ``objective`` is unknown, or the margin is negative or given without being used.
    """

    def __init__(
        self,
        device: str | torch.device,
        max_epochs: int,
        train_data_loader: Iterable[Mapping[str, Any]],
        network: nn.Module,
        optimizer: Optimizer,
        objective: TaskObjective = "regression",
        margin: float = 0.0,
        segmentation_weight: float = 1.0,
        max_gradient_norm: float | None = None,
        amp: bool = False,
        hyperparameters: Mapping[str, Any] | None = None,
        train_handlers: Sequence[Any] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        self.network, self.optimizer = network, optimizer
        if objective not in _LOSSES:
            raise ConfigError(f"objective: expected one of {', '.join(_LOSSES)}, got {objective!r}")
        if margin and (objective != "cross_entropy" or not 0 <= margin < math.inf):
            raise ConfigError(
                "margin: expected a finite number of logit units of at least 0, together with objective "
                f"'cross_entropy', got {margin} with {objective!r}"
            )
        self.task_loss = partial(task_cross_entropy_loss, margin=margin) if margin else _LOSSES[objective]
        self.segmentation_weight = segmentation_weight
        self.max_gradient_norm = max_gradient_norm
        kwargs.setdefault("prepare_batch", prepare_task_batch)
        super().__init__(
            device, max_epochs, train_data_loader, [LOSS], hyperparameters, train_handlers, amp=amp, **kwargs
        )
        self.network.requires_grad_(True)
        broadcast(self.network)
        synchronise_batch_statistics(self.network)

    def _iteration(self, engine: Engine, batchdata: Mapping[str, Any]) -> dict[str, Tensor]:
        label, prop = self.prepare_batch(batchdata, self.state.device, self.non_blocking, **self.to_kwargs)
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast():
            found = self.network(label)
        loss = self.task_loss(found.logit, prop)
        segmentation = getattr(found, "segmentation", None)
        if segmentation is not None and segmentation.numel():
            mask = self._regions(batchdata)
            loss = loss + self.segmentation_weight * segmentation_loss(segmentation, mask)
        loss = weighted(loss, weight_of_share(len(label), self.state.device))
        loss.backward()
        norm = apply_gradients(self.network, self.optimizer, self.max_gradient_norm)
        refuse_non_finite({LOSS: loss, "gradient norm": norm}, self.place(), batchdata)
        self.optimizer.step()
        if self.state.iteration % self.state.epoch_length == 0:
            average_buffers(self.network)
        self.state.output = {LABEL: label, PROPERTY: prop, LOSS: loss.detach()}
        engine.fire_event(IterationEvents.MODEL_COMPLETED)
        return self.state.output

    def _regions(self, batch: Mapping[str, Any]) -> Tensor:
        if REGIONS not in batch:
            raise ConfigError(
                f"training a task network that segments: expected {REGIONS!r} in every batch, found none; "
                "load it, or switch the segmentation of the network off"
            )
        return plain_tensor(batch[REGIONS]).to(self.state.device, non_blocking=self.non_blocking)
