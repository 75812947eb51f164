"""A generator as a program of ``torch.export``, for shapes other than that of the example."""

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram

from taskgan_ext.export.probe_images import example_image
from taskgan_ext.export.trained_generator import TrainedGenerator

AXES = ("batch", "height", "width", "depth")
"""Dimensions of an image but its channels; those in space count in multiples of ``size_multiple``."""
SMALLEST = 2
"""Smallest spatial axis of a program in multiples of ``size_multiple``.

A single pixel in the innermost level has other strides, which torch.export would have to treat separately.
"""


def capture(generator: TrainedGenerator) -> ExportedProgram:
    """Record the network as operations, for any batch size and any sizes that it accepts.

    Args:
        generator: the network.

    Returns:
        The program, with the dimensions ``AXES``.
    """
    names = AXES[1 : 1 + generator.spatial_dims]
    axes = {
        axis: generator.size_multiple * Dim(name, min=SMALLEST) for axis, name in enumerate(names, start=2)
    }
    shapes = {"image": {0: Dim(AXES[0], min=1), **axes}}
    with quiet_exporter(), torch.no_grad():
        return torch.export.export(generator.network, (example_image(generator),), dynamic_shapes=shapes)


def save_program(program: ExportedProgram, path: Path, facts: Mapping[str, str]) -> None:
    """Write a ``.pt2`` file.

    Args:
        program: what to write.
        path: the file.
        facts: short texts that the file carries along, by their names.
    """
    with quiet_exporter():
        torch.export.save(program, path, extra_files=dict(facts))


def load_program(path: Path) -> Callable[[Tensor], Tensor]:
    """Read a ``.pt2`` file.

    Args:
        path: the file.

    Returns:
        What runs it.
    """
    with quiet_exporter():
        return torch.export.load(path).module()


@contextlib.contextmanager
def quiet_exporter() -> Iterator[None]:
    """Drop what torch's exporter says of its own parts: deprecated calls and absent packages."""
    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        exporter.setLevel(level)
