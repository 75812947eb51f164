"""Images on which an exported network is compared with the checkpoint."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from taskgan_ext.export.trained_generator import TrainedGenerator
from taskgan_ext.networks.conditional_unet_generator import ConditionalUNetGenerator

EXAMPLE = (2, (2, 3))
"""Batch size, and spatial axes in multiples of ``size_multiple``, of the image that is traced."""
OTHERS = ((1, (2, 2)), (3, (4, 2)), (2, (3, 5)))
"""The same of the images that an export is compared on: none has the shape of the example."""


def example_image(generator: TrainedGenerator) -> Tensor:
    """Make the image that a network is traced with.

    Args:
        generator: the network.

    Returns:
        Shape ``(2, channels, 2 m, 3 m[, 2 m])``, m being ``size_multiple``.
    """
    return _draw(generator, EXAMPLE[0], EXAMPLE[1], first_class=0)


def probe_images(generator: TrainedGenerator) -> list[Tensor]:
    """Make images of several batch sizes and shapes within the range of values of the bundle.

    They vary slowly with noise on top, as images do. The planes of a condition are constant, and all classes
    occur among them.

    Args:
        generator: the network.

    Returns:
        Float32 images, each of shape ``(B, channels, ...)``, the same ones in every call.
    """
    probes: list[Tensor] = []
    for batch, axes in OTHERS:
        first = sum(image.shape[0] for image in probes)
        probes.append(_draw(generator, batch, axes, first))
    return probes


def _draw(generator: TrainedGenerator, batch: int, axes: Sequence[int], first_class: int) -> Tensor:
    draws = torch.Generator().manual_seed(first_class)
    dims, multiple = generator.spatial_dims, generator.size_multiple
    # A third axis is as short as one may be, since volumes are large.
    size = [multiple * axis for axis in (*axes, 2)[:dims]]
    coarse = torch.rand(batch, generator.channels, *[4] * dims, generator=draws)
    smooth = interpolate(coarse, size, mode="bilinear" if dims == 2 else "trilinear")
    noise = torch.rand(smooth.shape, generator=draws)
    low, high = generator.value_range
    image = low + (high - low) * (0.8 * smooth + 0.2 * noise)
    network = generator.network
    if isinstance(network, ConditionalUNetGenerator):
        _set_condition(image, network.num_classes, network.num_values, first_class)
    return image


def _set_condition(image: Tensor, num_classes: int, num_values: int, first_class: int) -> None:
    """Make the last channels planes: the one-hot of a class, and numbers that keep their mean."""
    numbers = image[:, image.shape[1] - num_values :]
    numbers[:] = numbers.mean(dim=tuple(range(2, image.ndim)), keepdim=True)
    one_hot = image[:, image.shape[1] - num_values - num_classes : image.shape[1] - num_values]
    one_hot.zero_()
    for row in range(len(image)):
        one_hot[row, (first_class + row) % num_classes] = 1
