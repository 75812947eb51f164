"""Load the weights of a network when an engine starts, strictly."""

import os
import pickle
from pathlib import Path

import torch
from ignite.engine import Engine, Events
from torch import nn

from taskgan_ext.errors import CheckpointError


def read_weights(
    network: nn.Module, path: str | os.PathLike[str], make_with: str = ""
) -> dict[str, torch.Tensor]:
    """Read a bare state dict.

    Args:
        network: that it is meant for, to name it in messages.
        path: file with tensors only (``weights_only=True``).
        make_with: the command that makes the file; it ends the message when there is none.

    Returns:
        The state dict, on the CPU.

    Raises:
        CheckpointError: the file is missing, or has something else in it.
    """
    path = Path(path)
    if not path.is_file():
        hint = f"; make them with: {make_with}" if make_with else ""
        raise CheckpointError(
            f"{path}: expected the weights of a {type(network).__name__}, found no file{hint}"
        )
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except (RuntimeError, EOFError, TypeError, ValueError, AttributeError, pickle.UnpicklingError) as error:
        raise _unfit(network, path, error) from None


def load_weights(network: nn.Module, path: str | os.PathLike[str], make_with: str = "") -> None:
    """Load a bare state dict into a network; every name and shape must fit.

    Args:
        network: changed in place.
        path: as for :func:`read_weights`.
        make_with: as for :func:`read_weights`.

    Raises:
        CheckpointError: the file is missing, cannot be read, or belongs to another network.
    """
    weights = read_weights(network, path, make_with)
    try:
        network.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise _unfit(network, path, error) from None


def _unfit(network: nn.Module, path: str | os.PathLike[str], error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path}: expected the weights of this {type(network).__name__}, but they do not fit ({error})"
    )


class LoadWeights:
    """Load the weights of a network when an engine starts.

    Reading a configuration then needs no weights, and running it without them fails instead of restoring
    with random ones.

    Args:
        network: whose weights are loaded.
        path: file with a bare state dict.
        make_with: the command that makes the file; it ends the message when there is none.
    """

    def __init__(self, network: nn.Module, path: str | os.PathLike[str], make_with: str = "") -> None:
        self.network = network
        self.path = path
        self.make_with = make_with

    def attach(self, engine: Engine) -> None:
        """Load when the engine starts.

        Args:
            engine: any engine.
        """
        engine.add_event_handler(
            Events.STARTED, lambda: load_weights(self.network, self.path, self.make_with)
        )
