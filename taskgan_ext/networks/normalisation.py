"""The normalisation layers that the generator and the discriminator offer."""

from typing import Literal

from monai.networks.layers.factories import Norm
from torch import nn

NormKind = Literal["batch", "instance", "none"]
"""Statistics over the batch, over each image alone, or no normalisation."""


def normalisation(norm: Literal["batch", "instance"], spatial_dims: int, channels: int) -> nn.Module:
    """Make a normalisation layer with a learned scale and offset per channel.

    Args:
        norm: what the statistics are taken over.
        spatial_dims: 2 or 3.
        channels: number of channels.

    Returns:
        The layer.
    """
    layer: nn.Module = Norm[norm, spatial_dims](channels, affine=True)
    return layer
