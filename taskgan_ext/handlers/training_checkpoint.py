"""Checkpoints that a killed run continues from to the very same weights."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import ignite.distributed as idist
import torch
from ignite.engine import Engine, Events
from torch import nn

from taskgan_ext.errors import CheckpointError
from taskgan_ext.handlers.misfit import describe_misfit
from taskgan_ext.handlers.random_state import random_state, restore_random_state
from taskgan_ext.io.atomic import atomic_path
from taskgan_ext.io.process_lock import ProcessLock
from taskgan_ext.io.tensor_file import load_tensors

logger = logging.getLogger(__name__)
T = TypeVar("T")


class TrainingCheckpoint:
    """Save the whole state of a run after epochs, and continue from it when the same command is given again.

    The file holds the state of every object, the position of the engine, the random generators and the
    settings, as tensors and plain types (it loads with ``weights_only=True``). It is written to a temporary
    name and renamed, so it is whole whenever the process dies. The weights to use go to files of their own as
    bare state dicts, which MONAI's tools read.

    Put it last in the list of handlers: what came before belongs to the epoch that it closes.

    Args:
        path: file of the training state.
        state: named objects with ``state_dict`` and ``load_state_dict`` (networks, optimisers, schedulers).
        exports: networks by name; the weights of each go to ``<name>.pt`` beside ``path``.
        interval: epochs between two checkpoints; the last epoch is always saved.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        state: Mapping[str, Any],
        exports: Mapping[str, nn.Module],
        interval: int = 1,
    ) -> None:
        self.path = Path(path)
        self.state = dict(state)
        self.exports = {self.path.parent / f"{name}.pt": network for name, network in exports.items()}
        self.interval = interval
        self.lock = ProcessLock(f"{self.path}.lock")

    def attach(self, engine: Engine) -> None:
        """Restore when the engine starts, save when epochs end.

        Args:
            engine: a trainer; its ``hyperparameters``, if any, are kept and compared.
        """
        engine.add_event_handler(Events.STARTED, self.restore)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._save_when_due)
        engine.add_event_handler(Events.COMPLETED | Events.TERMINATE, self.lock.release)

    def restore(self, engine: Engine) -> None:
        """Continue from the file, if there is one, and keep other runs away from it until the engine is done.

        A training that is complete is only read, by as many runs as want it.

        Args:
            engine: its epoch and iteration are set.

        Raises:
            CheckpointError: the file is broken, belongs to a run with other settings or networks, is not the
                same for all processes, or another run is about to write it.
            OSError: the folder cannot be made or written.
        """
        content = self._read()
        if content is None or content["epoch"] < engine.state.max_epochs:
            self._keep_others_away()
            content = self._read()
        if content is not None:
            try:
                self._continue(engine, content)
            except CheckpointError:
                self.lock.release()
                raise
        epochs = _gather(engine.state.epoch)
        if len(set(epochs)) > 1:
            raise CheckpointError(
                f"{self.path}: expected the same training state for all processes, found the epochs "
                f"{', '.join(map(str, epochs))} by rank; the folder must be one that all computers share"
            )

    def _read(self) -> dict[str, Any] | None:
        return load_checkpoint(self.path) if self.path.is_file() else None

    def _keep_others_away(self) -> None:
        # The processes of one run share what the first one holds.
        holder = self.lock.acquire() if idist.get_rank() == 0 else ""
        if holder:
            raise CheckpointError(
                f"{self.path.parent}: another training writes {self.path.name} there ({holder}); wait until "
                "it has ended, or give another folder (--ckpt_dir, --task_ckpt_dir)"
            )

    def _continue(self, engine: Engine, content: Mapping[str, Any]) -> None:
        self._check_settings(content["hyperparameters"], getattr(engine, "hyperparameters", {}))
        for name, part in self.state.items():
            try:
                part.load_state_dict(content["state"][name])
            except (KeyError, RuntimeError, ValueError) as error:
                raise CheckpointError(
                    f"{self.path}: expected a state that fits this {name}, but it does not: "
                    f"{_reason(part, content['state'].get(name), error)}. Give another folder (--ckpt_dir, "
                    "--task_ckpt_dir) to start beside it, or delete the file"
                ) from None
        engine.state.epoch = content["epoch"]
        engine.state.iteration = content["epoch"] * engine.state.epoch_length
        restore_random_state(content["random"][idist.get_rank() % len(content["random"])])
        done = "complete" if engine.state.epoch >= engine.state.max_epochs else "continued"
        logger.info(
            "%s: training %s at epoch %d of %d", self.path, done, engine.state.epoch, engine.state.max_epochs
        )

    def save(self, engine: Engine) -> None:
        """Write the state and the weights; only the first process writes.

        Args:
            engine: gives the epoch and the settings.
        """
        states = _gather(random_state())
        if idist.get_rank() > 0:
            return
        content = {
            "epoch": engine.state.epoch,
            "hyperparameters": _plain(getattr(engine, "hyperparameters", {})),
            "random": states,
            "state": {name: part.state_dict() for name, part in self.state.items()},
        }
        for path, network in self.exports.items():
            _write(network.state_dict(), path)
        _write(content, self.path)

    def _save_when_due(self, engine: Engine) -> None:
        if engine.state.epoch % self.interval == 0 or engine.state.epoch == engine.state.max_epochs:
            self.save(engine)

    def _check_settings(self, saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        wanted = _plain(wanted)
        names = {**saved, **wanted}
        changed = [
            f"{name}: {saved.get(name)} -> {wanted.get(name)}"
            for name in names
            if saved.get(name) != wanted.get(name)
        ]
        if changed:
            raise CheckpointError(
                f"{self.path} belongs to a run with other settings ({'; '.join(changed)}). Give the same "
                "settings to continue it, another folder (--ckpt_dir, --task_ckpt_dir) to start beside it, "
                "or delete it"
            )


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of tensors and plain types.

    Args:
        path: a file that ``TrainingCheckpoint`` has written.

    Returns:
        Its content, on the CPU.

    Raises:
        CheckpointError: the file cannot be read, or is another one.
    """
    content = load_tensors(path, "a training checkpoint", ". Delete it")
    parts = ("epoch", "hyperparameters", "random", "state")
    if not isinstance(content, Mapping) or not set(parts) <= content.keys():
        raise CheckpointError(
            f"{path}: expected a training checkpoint, with {', '.join(parts)}, found something else. "
            "Delete it"
        )
    return {name: content[name] for name in parts}


def _reason(part: object, state: object, error: Exception) -> str:
    if state is None:
        return "the file has none"
    misfit = ""
    if isinstance(part, nn.Module) and isinstance(state, Mapping):
        misfit = describe_misfit(part, state)
    return misfit or str(error).partition("\n")[0]


def _write(content: Mapping[str, Any], path: Path) -> None:
    # Given a name, torch.save writes it into the file; given a stream, the same content has the same bytes.
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        torch.save(content, stream)


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, int | float | bool | None) else str(value)
        for name, value in settings.items()
    }


def _gather(value: T) -> list[T]:
    values = [value] * idist.get_world_size()
    if len(values) > 1:
        torch.distributed.all_gather_object(values, value)
    return values
