"""Ignite handler: go on from a network of another training."""

import logging
import os
from pathlib import Path

from ignite.engine import Engine, Events
from torch import nn

from taskgan_ext.errors import CheckpointError
from taskgan_ext.handlers.load_weights import load_weights, read_weights
from taskgan_ext.io.digest import short_digest

logger = logging.getLogger(__name__)
_MAKE = "python -m monai.bundle run training --config_file <bundle>/configs/train.json"


class StartingWeights:
    """Load a network from the folder of a finished training when another one starts.

    Put it before the handler that continues an interrupted training, whose weights count more.

    Args:
        folder: of the finished training; empty for a training from scratch.
        file: with the weights.
        network: changed in place.
        new_classes: keep what the network has where the shape of a tensor differs, as that of a T does which
            learns other people; the names must be the same.
    """

    def __init__(
        self, folder: str | os.PathLike[str], file: str, network: nn.Module, new_classes: bool = False
    ) -> None:
        self.path = Path(folder) / file if folder else None
        self.network = network
        self.new_classes = new_classes

    def attach(self, engine: Engine) -> None:
        """Load when the engine starts.

        Args:
            engine: a trainer.
        """
        engine.add_event_handler(Events.STARTED, self._load)

    def _load(self) -> None:
        if self.path is None:
            return
        if not self.new_classes:
            load_weights(self.network, self.path, _MAKE)
            return
        found, own = read_weights(self.network, self.path, _MAKE), self.network.state_dict()
        if found.keys() != own.keys():
            raise CheckpointError(
                f"{self.path}: expected the weights of a {type(self.network).__name__}, "
                "but its tensors have other names"
            )
        for name, tensor in found.items():
            if tensor.shape == own[name].shape:
                own[name] = tensor
            else:
                logger.info("%s: %s is of another shape there and starts anew", self.path, name)
        self.network.load_state_dict(own)


def start_digest(folder: str | os.PathLike[str], file: str) -> str:
    """Tell the weights apart that trainings start from, so that none is continued from others.

    Args:
        folder: of the finished training; empty for a training from scratch.
        file: with the weights.

    Returns:
        The first 12 hexadecimal digits of the SHA-256 of the file; empty when there is none.
    """
    return short_digest(Path(folder) / file) if folder else ""
