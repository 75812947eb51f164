"""Ignite handler: go on from the networks of another training."""

import os
from pathlib import Path

from ignite.engine import Engine, Events
from torch import nn

from taskgan_ext.handlers.load_weights import load_weights
from taskgan_ext.io.digest import sha256

_MAKE = "python -m monai.bundle run training --config_file <bundle>/configs/train.json"


class StartingWeights:
    """Load G and T from the folder of a finished training when another one starts.

    Put it before the handler that continues an interrupted training, whose weights count more.

    Args:
        folder: with ``model.pt`` and ``task_network.pt``; empty for a training from scratch.
        network: G.
        task_network: T.
        uses_task_network: whether T must be there; a baseline has no use for it.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        network: nn.Module,
        task_network: nn.Module,
        uses_task_network: bool = True,
    ) -> None:
        self.folder = Path(folder)
        self.networks = {"model.pt": network, "task_network.pt": task_network} if folder else {}
        self.needed = {"model.pt", "task_network.pt"} if uses_task_network else {"model.pt"}

    def attach(self, engine: Engine) -> None:
        """Load when the engine starts.

        Args:
            engine: a trainer.
        """
        engine.add_event_handler(Events.STARTED, self._load)

    def _load(self) -> None:
        for name, network in self.networks.items():
            if name in self.needed or (self.folder / name).is_file():
                load_weights(network, self.folder / name, _MAKE)


def start_digest(folder: str | os.PathLike[str]) -> str:
    """Tell the weights apart that trainings start from, so that none is continued from others.

    Args:
        folder: with ``model.pt``; empty for a training from scratch.

    Returns:
        The first 12 hexadecimal digits of the SHA-256 of the file; empty when there is none.
    """
    file = Path(folder) / "model.pt"
    return sha256(file)[:12] if folder and file.is_file() else ""
