"""What the trainers of this package share: named losses that stock handlers can read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from ignite.metrics import Average
from monai.engines import Trainer, Workflow

from taskgan_ext.engines.process_group import refuse_unjoined_processes
from taskgan_ext.errors import ConfigError
from taskgan_ext.handlers.tracking import complete_tracking
from taskgan_ext.keys import LOSS


def loss_terms(output: Any) -> dict[str, float]:  # noqa: ANN401  # what an engine puts out
    """Take the losses out of an engine's output.

    Args:
        output: the dict of an iteration, or the list that MONAI's decollation made of it (every item
            carries the same losses).

    Returns:
        ``loss`` and the named terms.
    """
    first = output[0] if isinstance(output, list) else output
    return {name: float(value) for name, value in first.items() if name.startswith(LOSS)}


class LossTrainer(Trainer):
    """A MONAI trainer that knows its settings and keeps the epoch mean of every loss in ``state.metrics``.

    Args:
        device: device of the networks.
        max_epochs: epochs in all.
        train_data_loader: the batches.
        loss_names: the losses that an iteration puts out.
        hyperparameters: settings of the run: tracked, and compared when a run is resumed; those of a mapping
            within get its name and a dot before theirs.
        train_handlers: Ignite handlers.
        kwargs: further arguments of ``monai.engines.Trainer``.

    Raises:
        ConfigError: there are too few epochs; or see ``refuse_unjoined_processes``.
    """

    MIN_EPOCHS = 0
    """The least number of epochs that makes sense."""

    def __init__(
        self,
        device: str | torch.device,
        max_epochs: int,
        train_data_loader: Iterable[Mapping[str, Any]],
        loss_names: Sequence[str],
        hyperparameters: Mapping[str, Any] | None,
        train_handlers: Sequence[Any] | None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        refuse_unjoined_processes()
        if max_epochs < self.MIN_EPOCHS:
            raise ConfigError(f"max_epochs: expected at least {self.MIN_EPOCHS}, got {max_epochs}")
        self.hyperparameters = _flat(hyperparameters or {})
        self.loss_names = tuple(loss_names)
        super().__init__(device, max_epochs, train_data_loader, handlers=list(train_handlers or ()), **kwargs)

    def run(self) -> None:
        """Train up to ``max_epochs``; 0 epochs leave everything as it is.

        MONAI's ``Trainer.run`` makes a loss scaler for float16 on CUDA first, which bfloat16 does not need
        and a CPU does not have.
        """
        if self.state.max_epochs > 0:
            Workflow.run(self)

    def _register_handlers(self, handlers: Sequence[Any]) -> None:
        # Before the handlers, so that they find the means of the epoch in state.metrics.
        for name in self.loss_names:
            Average(output_transform=lambda output, name=name: loss_terms(output)[name]).attach(self, name)
        complete_tracking(handlers, self.hyperparameters, loss_terms)
        super()._register_handlers(handlers)

    def place(self) -> str:
        """Say where the run is, for a message."""
        return f"epoch {self.state.epoch}, iteration {self.state.iteration}"

    def autocast(self) -> torch.autocast:
        """Give the context of a forward pass: bfloat16 where it is safe if ``amp`` is set, on any device."""
        return torch.autocast(self.state.device.type, dtype=torch.bfloat16, enabled=self.amp)


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": content for inner, content in _flat(value).items()}
        else:
            found[name] = value
    return found
