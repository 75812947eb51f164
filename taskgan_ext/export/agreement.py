"""How near an exported network comes to the checkpoint that it was made from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from taskgan_ext.errors import CheckpointError
from taskgan_ext.export.trained_generator import TrainedGenerator

TOLERANCE = 1e-4
"""Largest difference of two single-precision runtimes, as a part of the largest value of the output.

Measured differences are 1e-7 to 1e-6: runtimes add the same products in another order. A wrong layer, axis or
constant moves the output by percents.
"""


@dataclass(frozen=True)
class Agreement:
    """The difference on one image.

    Attributes:
        shape: of the image.
        largest_difference: between the two outputs, in the unit of the output.
        relative_difference: the same, divided by the largest magnitude of the checkpoint's output.
    """

    shape: list[int]
    largest_difference: float
    relative_difference: float


def measure_agreement(
    name: str, exported: Callable[[Tensor], Tensor], generator: TrainedGenerator, probes: Sequence[Tensor]
) -> list[Agreement]:
    """Compare an exported network with the checkpoint.

    Args:
        name: file of the export, for the message.
        exported: runs it.
        generator: runs the checkpoint.
        probes: images to compare on.

    Returns:
        The difference on each image.

    Raises:
        CheckpointError: the export fails on an image, or differs by more than ``TOLERANCE``, or by no number.
    """
    found = []
    for probe in probes:
        with torch.no_grad():
            wanted = generator.network(probe)
            try:
                output = exported(probe)
            # Runtimes raise errors of any kind, AssertionError and their own ones among them.
            except Exception as error:
                raise _refusal(name, probe, f"it fails ({_first_line(error)})") from error
        if output.shape != wanted.shape:
            raise _refusal(name, probe, f"it gives {list(output.shape)} instead of {list(wanted.shape)}")
        largest = float((output - wanted).abs().max())
        relative = largest / max(float(wanted.abs().max()), torch.finfo(torch.float32).tiny)
        if not relative <= TOLERANCE:  # also true of NaN
            raise _refusal(name, probe, f"it differs by {relative:.3g} of the largest value")
        found.append(Agreement(list(probe.shape), largest, relative))
    return found


def _refusal(name: str, probe: Tensor, found: str) -> CheckpointError:
    return CheckpointError(
        f"{name}: expected the numbers of the checkpoint within {TOLERANCE:g} of the largest value, but on "
        f"an image of shape {list(probe.shape)} {found}. The file is not kept; is a weight not finite, or "
        "the version of torch or ONNX Runtime another than the tested one (constraints.txt)?"
    )


def _first_line(error: Any) -> str:  # noqa: ANN401
    return str(error).strip().partition("\n")[0] or type(error).__name__
