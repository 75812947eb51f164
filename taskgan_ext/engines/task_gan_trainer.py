"""The engine that trains G, D and T together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from ignite.engine import Engine, Events
from monai.engines import IterationEvents
from monai.inferers import Inferer, SimpleInferer
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from taskgan_ext.engines.batch_statistics import synchronise_batch_statistics
from taskgan_ext.engines.distributed import average_buffers, broadcast, weight_of_share
from taskgan_ext.engines.loss_trainer import LossTrainer
from taskgan_ext.engines.prepare_batch import prepare_restoration_batch
from taskgan_ext.engines.restoration_step import StepLosses, restoration_step
from taskgan_ext.engines.update import apply_gradients, refuse_non_finite
from taskgan_ext.errors import ConfigError
from taskgan_ext.keys import (
    IMAGE,
    LABEL,
    LOSS,
    LOSS_DISCRIMINATOR,
    LOSS_GAN,
    LOSS_PIXEL,
    LOSS_TASK,
    LOSS_TASK_NETWORK,
    PRED,
    PROPERTY,
)


class TaskGANTrainer(LossTrainer):
    """Train a generator with a discriminator and a task network (eq. 1 to 4 of the paper).

    A step costs one pass of G on x~, one of D on x and on G(x~), and one of T on both. A network whose
    weight is 0 does not take part at all: ``mu_task = 0`` is the paper's GAN without task network,
    ``lambda_gan = 0`` as well leaves the L1 baseline.

    ``state.output`` is a dict with ``image``, ``label``, ``property``, ``pred``, the scalar ``loss`` and the
    named terms of ``taskgan_ext.keys``, and ``MODEL_COMPLETED`` is fired, so that MONAI's and Ignite's
    handlers work. The mean of every term over an epoch is in ``state.metrics``.

    Args:
        device: device of the networks.
        max_epochs: epochs in all.
        train_data_loader: batches with ``image``, ``label`` and ``property``.
        network: G, on ``device``.
        optimizer: optimiser of G.
        losses: the losses and their weights.
        discriminator: D; needed when ``lambda_gan > 0``.
        discriminator_optimizer: optimiser of D.
        task_network: T, trained beforehand unless ``losses.task_training`` says otherwise; needed when
            ``mu_task > 0``.
        task_optimizer: optimiser of T; needed when T is not frozen.
        ema: running average of G, updated after every step.
        inferer: how G is applied; MONAI's ``SimpleInferer`` by default.
        max_gradient_norm: the gradients of each network are clipped to this Euclidean norm.
        amp: run the forward passes in bfloat16 where it is safe. Its range is that of float32, so no loss
            scaling is needed and CPU and GPU share one code path.
        compile: compile the networks with ``torch.compile``.
        hyperparameters: settings of the run: tracked, and compared when a run is resumed.
        train_handlers: Ignite handlers.
        kwargs: further arguments of ``monai.engines.Trainer``.

    Raises:
        ConfigError: a network or optimiser that the weights ask for is missing, or there is no epoch.
    """

    MIN_EPOCHS = 1

    def __init__(
        self,
        device: str | torch.device,
        max_epochs: int,
        train_data_loader: Iterable[Mapping[str, Any]],
        network: nn.Module,
        optimizer: Optimizer,
        losses: StepLosses,
        discriminator: nn.Module | None = None,
        discriminator_optimizer: Optimizer | None = None,
        task_network: nn.Module | None = None,
        task_optimizer: Optimizer | None = None,
        ema: AveragedModel | None = None,
        inferer: Inferer | None = None,
        max_gradient_norm: float | None = None,
        amp: bool = False,
        compile: bool = False,  # noqa: A002  # MONAI's name
        hyperparameters: Mapping[str, Any] | None = None,
        train_handlers: Sequence[Any] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        self.losses = losses
        self.network, self.optimizer = network, optimizer
        self.discriminator = discriminator if losses.objective.uses_discriminator else None
        self.task_network = task_network if losses.objective.uses_task_network else None
        self.trained = self._pair_with_optimizers(optimizer, discriminator_optimizer, task_optimizer)
        self.ema = ema
        self.inferer = SimpleInferer() if inferer is None else inferer
        self.max_gradient_norm = max_gradient_norm
        kwargs.setdefault("prepare_batch", prepare_restoration_batch)
        super().__init__(
            device,
            max_epochs,
            train_data_loader,
            self._loss_names(),
            hyperparameters,
            train_handlers,
            amp=amp,
            **kwargs,
        )
        # Not here but when the run starts: T's own trainer may come between.
        self.add_event_handler(Events.STARTED, self._prepare_task_network)
        for member in (self.network, self.discriminator, self.task_network):
            if member is not None:
                broadcast(member)
                synchronise_batch_statistics(member)
                if compile:
                    member.compile()

    def _pair_with_optimizers(
        self, generator: Optimizer, discriminator: Optimizer | None, task: Optimizer | None
    ) -> dict[str, tuple[nn.Module, Optimizer]]:
        objective, training = self.losses.objective, self.losses.task_training
        trained = {"generator": (self.network, generator)}
        if objective.uses_discriminator:
            if self.discriminator is None or discriminator is None:
                raise ConfigError(
                    f"lambda_gan is {objective.lambda_gan}: expected a discriminator and its optimiser"
                )
            trained["discriminator"] = (self.discriminator, discriminator)
        if objective.uses_task_network:
            if self.task_network is None:
                raise ConfigError(f"mu_task is {objective.mu_task}: expected a task network, got none")
            if training != "frozen":
                if task is None:
                    raise ConfigError(
                        f"task_training is '{training}': expected an optimiser of the task network"
                    )
                trained["task_network"] = (self.task_network, task)
        return trained

    def _prepare_task_network(self) -> None:
        if self.task_network is not None:
            self.task_network.requires_grad_("task_network" in self.trained).eval()

    def _loss_names(self) -> list[str]:
        names = [LOSS, LOSS_PIXEL]
        if self.discriminator is not None:
            names += [LOSS_GAN, LOSS_DISCRIMINATOR]
        if self.task_network is not None:
            names += [LOSS_TASK] + [LOSS_TASK_NETWORK] * ("task_network" in self.trained)
        return names

    def _iteration(self, engine: Engine, batchdata: Mapping[str, Any]) -> dict[str, Tensor]:
        image, label, prop = self.prepare_batch(
            batchdata, self.state.device, self.non_blocking, **self.to_kwargs
        )
        for network, optimizer in self.trained.values():
            network.train()
            optimizer.zero_grad(set_to_none=True)
        pred, loss, terms = restoration_step(
            lambda: self.inferer(image, self.network),
            label,
            prop,
            (self.discriminator, self.task_network),
            self.losses,
            self.autocast,
            weight_of_share(len(image), self.state.device),
        )
        output = {IMAGE: image, LABEL: label, PROPERTY: prop, PRED: pred, LOSS: loss, **terms}
        self.state.output = output
        engine.fire_event(IterationEvents.FORWARD_COMPLETED)
        engine.fire_event(IterationEvents.LOSS_COMPLETED)
        engine.fire_event(IterationEvents.BACKWARD_COMPLETED)
        norms = {
            f"gradient norm of the {name}": apply_gradients(network, optimizer, self.max_gradient_norm)
            for name, (network, optimizer) in self.trained.items()
        }
        refuse_non_finite({LOSS: loss, **terms, **norms}, self.place(), batchdata)
        for _, optimizer in self.trained.values():
            optimizer.step()
        if self.ema is not None:
            self.ema.update_parameters(self.network)
        if self.state.iteration % self.state.epoch_length == 0:
            for network, _ in self.trained.values():
                average_buffers(network)
            if self.ema is not None:
                average_buffers(self.ema)
        engine.fire_event(IterationEvents.MODEL_COMPLETED)
        return self.state.output
