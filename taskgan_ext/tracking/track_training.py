"""Ignite handler: what a training does, as a run of an experiment."""

import hashlib
import io
import os
from pathlib import Path

import ignite.distributed as idist
import torch
from ignite.engine import Engine, Events
from torch import nn
from torch.optim import Optimizer

from taskgan_ext.engines.loss_trainer import loss_terms
from taskgan_ext.io.evaluation_files import read_table, to_float
from taskgan_ext.keys import LOSS
from taskgan_ext.tracking.experiment_store import Point, now_ms
from taskgan_ext.tracking.run_file import LAST_STAGE
from taskgan_ext.tracking.run_guard import guard_engine
from taskgan_ext.tracking.tracked_run import TrackedRun

_VALIDATION = "val_"


class TrackTraining:
    """Track losses, learning rates and settings of a trainer, and in the end the bundle with its weights.

    ``train/<loss>`` is the mean of an epoch, ``learning_rate/<network>`` what the epoch began with, both with
    the epoch as step; ``iteration/<loss>`` has the iteration as step. The trainer of T puts ``task/`` before
    them.

    Put it last in the list of handlers: the state is restored, the checkpoint is written and the learning
    rate is changed before it looks.

    Args:
        run: shared by all handlers.
        stage: ``train`` for the trainer that completes the training; the name of another one stands before
            those of its metrics and parameters.
        every: iterations between two values of ``iteration/<loss>``; 0 for none.
        history: file of ``TrainingRecord``: a continued run gets the epochs from it that the store lacks.
        register: whether the bundle becomes a version of a registered model.
    """

    def __init__(
        self,
        run: TrackedRun,
        stage: str = LAST_STAGE,
        every: int = 50,
        history: str | os.PathLike[str] = "",
        register: bool = True,
    ) -> None:
        self.run, self.stage, self.every, self.register = run, stage, every, register
        self.is_last = stage == LAST_STAGE
        self.history = Path(history) if history else None
        self._rates: dict[str, float] = {}
        self._iterations: list[Point] = []

    def attach(self, engine: Engine) -> None:
        """Follow a trainer, on the first process.

        Args:
            engine: a ``LossTrainer``.

        Raises:
            ConfigError: the run cannot begin, see ``TrackedRun.check``.
        """
        if idist.get_rank() > 0:
            return
        self.run.check(self.is_last and self.register)
        guard_engine(engine, self.run)
        engine.add_event_handler(Events.STARTED, self._start)
        engine.add_event_handler(Events.EPOCH_STARTED, self._note_rates)
        if self.every:
            engine.add_event_handler(Events.ITERATION_COMPLETED(every=self.every), self._note_losses)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._log)
        engine.add_event_handler(Events.COMPLETED, self._complete)

    def _start(self, engine: Engine) -> None:
        epoch, parameters = engine.state.epoch, engine.hyperparameters
        is_complete = epoch >= engine.state.max_epochs
        self.run.see(self.stage, epoch, is_complete)
        if not self.is_last:
            self._start_earlier(engine, is_complete)
        elif not is_complete or self.run.is_open or self.run.has_rest:
            self.run.start_training(self.stage, parameters, parameters.get("data", ""))
        if epoch and self.history is not None:
            self.run.points(self._earlier_epochs(self.history, epoch))

    def _start_earlier(self, engine: Engine, is_complete: bool) -> None:
        """Begin with a network that comes before, or say which one was found complete."""
        parameters = engine.hyperparameters
        named = {f"{self.stage}.{name}": parameters[name] for name in parameters}
        if is_complete:
            self.run.hold(
                named, {self.stage: "loaded", f"{self.stage}.weights": network_digest(engine.network)}
            )
        else:
            self.run.hold({}, {self.stage: "trained"})
            self.run.start_training(self.stage, named)

    def _note_rates(self, engine: Engine) -> None:
        # As the epoch begins: when it ends, the schedule has already moved on.
        self._rates = {
            self._name("learning_rate", *name): float(group["lr"])
            for name, optimizer in _optimizers(engine).items()
            for group in optimizer.param_groups[:1]
        }

    def _note_losses(self, engine: Engine) -> None:
        self._iterations += [
            Point(self._name("iteration", name), value, engine.state.iteration, now_ms())
            for name, value in loss_terms(engine.state.output).items()
        ]

    def _log(self, engine: Engine) -> None:
        epoch = engine.state.epoch
        losses = {
            f"{self.stage}/{name}": float(value)
            for name, value in engine.state.metrics.items()
            if name.startswith(LOSS)
        }
        values = [Point(name, value, epoch, now_ms()) for name, value in (losses | self._rates).items()]
        self.run.points(self._iterations + values)
        self._iterations = []
        self.run.finish_epoch(self.stage, epoch)

    def _complete(self, engine: Engine) -> None:
        if self.run.is_open and not self.is_last:
            self.run.parameters({f"{self.stage}.weights": network_digest(engine.network)})
        elif self.run.is_open:
            self.run.keep_bundle(self.register)
            self.run.end("FINISHED")

    def _name(self, *parts: str) -> str:
        return "/".join(parts if self.is_last else (self.stage, *parts))

    def _earlier_epochs(self, path: Path, epoch: int) -> list[Point]:
        rows = read_table(path) if path.is_file() else []
        known = self.run.known_steps(f"{LAST_STAGE}/{LOSS}")
        return [
            Point(_metric_name(name), to_float(cell), int(row["epoch"]), now_ms())
            for row in rows
            if int(row["epoch"]) <= epoch and int(row["epoch"]) not in known
            for name, cell in row.items()
            if name != "epoch" and cell
        ]


def network_digest(network: nn.Module) -> str:
    """Fingerprint of weights as ``TrainingCheckpoint`` writes them.

    Args:
        network: whose weights they are.

    Returns:
        SHA-256 of the file, as 64 hexadecimal digits.
    """
    stream = io.BytesIO()
    torch.save(network.state_dict(), stream)
    return hashlib.sha256(stream.getbuffer()).hexdigest()


def _metric_name(column: str) -> str:
    if column.startswith(_VALIDATION):
        return f"validation/{column.removeprefix(_VALIDATION)}"
    return f"{LAST_STAGE}/{column}"


def _optimizers(engine: Engine) -> dict[tuple[str, ...], Optimizer]:
    trained = getattr(engine, "trained", None)
    if trained is None:
        return {(): engine.optimizer}
    return {(name,): optimizer for name, (_, optimizer) in trained.items()}
