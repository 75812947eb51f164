"""The state of every random generator that a training step may use, as tensors and plain types."""

import random
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """Read the global generators of torch (CPU and all GPUs), numpy and Python.

    Returns:
        Tensors, lists and numbers only, so that a checkpoint loads with ``weights_only=True``.
    """
    _, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002  # what third-party transforms use
    version, internal, gauss_next = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [
            torch.from_numpy(np.asarray(keys).astype(np.int64)),
            int(position),
            int(has_gauss),
            float(gauss),
        ],
        "python": [version, list(internal), gauss_next],
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Set the global generators to a state read by ``random_state``.

    Args:
        state: what ``random_state`` gave; GPU states are used where the number of GPUs is the same.
    """
    torch.set_rng_state(state["torch"])
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), position, has_gauss, gauss))  # noqa: NPY002
    version, internal, gauss_next = state["python"]
    random.setstate((version, tuple(internal), gauss_next))
