"""The layers of VGG-Face as weight files hold them, brought into the arrangement of PyTorch."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from taskgan_ext.errors import CheckpointError
from taskgan_ext.networks.vgg_face import CONVOLUTIONS, MEAN_RGB

ChannelOrder = Literal["rgb", "bgr"]
"""What the first convolution takes its three channels for."""

LAYERS = (
    *(
        f"conv{stage}_{number}"
        for stage, count in enumerate(CONVOLUTIONS, 1)
        for number in range(1, count + 1)
    ),
    "fc6",
    "fc7",
    "fc8",
)
"""The 16 layers with weights, from the image to the identities."""


@dataclass(frozen=True)
class VGGFaceLayers:
    """What a weight file holds.

    Attributes:
        weights: ``conv1_1.weight``, ``conv1_1.bias`` to ``fc8.bias``; convolutions are (outputs, inputs,
            rows, columns), fully connected layers (outputs, inputs), fc6 with the inputs in the order
            channels, rows, columns.
        make: what made the file, in words.
        channel_order: that of the first convolution; ``None`` if the make does not tell.
    """

    weights: dict[str, Tensor]
    make: str
    channel_order: ChannelOrder | None


def layers_from_arrays(
    arrays: Sequence[tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]], where: str
) -> dict[str, Tensor]:
    """Name and turn the layers of a make that stores rows, columns, inputs, outputs.

    Args:
        arrays: weight and bias of each layer in the order of ``LAYERS``. Weights of convolutions are (rows,
            columns, inputs, outputs). A fully connected layer may be stored as a convolution, or as (inputs,
            outputs) with the inputs of fc6 in the order rows, columns, channels.
        where: the file, for the message.

    Returns:
        The tensors of :attr:`VGGFaceLayers.weights`.

    Raises:
        CheckpointError: there are not 16 layers, or one has another shape.
    """
    if len(arrays) != len(LAYERS):
        raise CheckpointError(
            f"{where}: expected the {len(LAYERS)} layers of VGG-Face that have weights, "
            f"{LAYERS[0]} to {LAYERS[-1]}, found {len(arrays)}"
        )
    tensors: dict[str, Tensor] = {}
    channels = 3
    for name, (weight, bias) in zip(LAYERS, arrays, strict=True):
        kernel = np.asarray(weight)
        if name.startswith("fc") and kernel.ndim == 2:
            side = isqrt(kernel.shape[0] // channels)
            if side * side * channels == kernel.shape[0]:
                kernel = kernel.reshape(side, side, channels, -1)
        wanted = (3, 3) if name.startswith("conv") else kernel.shape[:1] * 2
        if kernel.ndim != 4 or kernel.shape[:3] != (*wanted, channels):
            raise CheckpointError(
                f"{where}: {name}: expected weights of (rows, columns, {channels} inputs, outputs), "
                f"got {np.shape(weight)}"
            )
        channels = kernel.shape[3]
        turned = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1), np.float32)
        tensors[f"{name}.weight"] = torch.from_numpy(
            turned.reshape(channels, -1) if name.startswith("fc") else turned
        )
        tensors[f"{name}.bias"] = torch.from_numpy(np.array(bias, np.float32).reshape(-1))
    return tensors


def order_of_mean(mean: npt.ArrayLike) -> ChannelOrder | None:
    """Tell the order of the channels from the mean colour that a file gives.

    Args:
        mean: mean colour or mean image, shape ``(3,)`` or ``(..., 3)``.

    Returns:
        The order in which it is the mean colour of VGG-Face within one unit of 255, or ``None``.
    """
    values = np.asarray(mean)
    if values.shape[-1:] != (3,) or not np.issubdtype(values.dtype, np.number):
        return None
    colour = values.reshape(-1, 3).mean(axis=0)
    orders: tuple[tuple[ChannelOrder, tuple[float, ...]], ...] = (("rgb", MEAN_RGB), ("bgr", MEAN_RGB[::-1]))
    return next((order for order, known in orders if np.allclose(colour, known, rtol=0, atol=1)), None)
