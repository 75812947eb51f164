"""Read what ``torch.save`` wrote, without running code from the file."""

import os
import warnings
from typing import Any

import torch

from taskgan_ext.errors import CheckpointError


def load_tensors(path: str | os.PathLike[str], expected: str, advice: str = "") -> Any:  # noqa: ANN401  # a file may hold anything
    """Read a file of tensors and plain types (``weights_only=True``).

    Args:
        path: the file.
        expected: what the file should be, for the message.
        advice: what to do if it is not; ends the message.

    Returns:
        What the file holds, on the CPU.

    Raises:
        CheckpointError: the file cannot be read: it is damaged, holds other types, or is no such file.
    """
    try:
        # Of damaged bytes torch may first warn that their pickle protocol is unknown.
        with warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    # Damaged bytes end in errors of any kind: OSError, IndexError, KeyError and struct.error among them.
    except Exception as error:
        raise CheckpointError(
            f"{path}: expected {expected}, but it cannot be read ({_reason(error)}){advice}"
        ) from error


def _reason(error: Exception) -> str:
    """What is wrong, without torch's advice to load the file in a way that may run code from it."""
    text = str(error).rpartition("WeightsUnpickler error:")[2].strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
