"""Load the weights of a network when an engine starts, strictly."""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from ignite.engine import Engine, Events
from torch import nn

from taskgan_ext.errors import CheckpointError
from taskgan_ext.handlers.misfit import describe_misfit
from taskgan_ext.io.tensor_file import load_tensors


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
        CheckpointError: the file is missing, cannot be read, or has something else in it.
    """
    path = Path(path)
    expected = f"the weights of a {type(network).__name__}"
    hint = f"; make them with: {make_with}" if make_with else ""
    if not path.is_file():
        raise CheckpointError(f"{path}: expected {expected}, found no file{hint}")
    content = load_tensors(path, expected, hint)
    if not isinstance(content, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in content.values()
    ):
        raise CheckpointError(
            f"{path}: expected {expected}, a state dict of tensors, found something else{hint}"
        )
    return dict(content)


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
        misfit = describe_misfit(network, weights) or str(error).partition("\n")[0]
        raise CheckpointError(
            f"{path}: expected the weights of this {type(network).__name__}, but they do not fit: {misfit}. "
            "Give the settings that they were trained with, or another file"
        ) from None


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
