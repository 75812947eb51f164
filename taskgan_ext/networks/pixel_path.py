"""A small network that looks at one pixel at a time."""

import torch
from monai.networks.layers.factories import Conv
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from taskgan_ext.networks.film import modulate
from taskgan_ext.networks.initialisation import draw_normal


class PixelPath(nn.Module):
    """Compute an image from the channels of each pixel alone, by three 1x1 convolutions.

    pix2pix's U-Net has no skip at full resolution: what it restores has passed a convolution of stride 2, and
    details of a pixel or two, small lesions among them, come out blurred. What an MR signal equation says
    needs no neighbours, so this path carries it at full resolution, and the U-Net adds what needs them.

    Args:
        spatial_dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: channels of the result.
        width: of the two hidden layers.
    """

    def __init__(self, spatial_dims: int, in_channels: int, out_channels: int, width: int) -> None:
        super().__init__()
        convolution = Conv["conv", spatial_dims]
        self.enter = convolution(in_channels, width, kernel_size=1)
        self.mix = convolution(width, width, kernel_size=1)
        self.leave = convolution(width, out_channels, kernel_size=1)
        self.draw_start(torch.default_generator)

    def draw_start(self, generator: torch.Generator) -> None:
        """Start with a result of zero and hidden layers that keep the scale of their input (He et al. 2015).

        Args:
            generator: of the draws.
        """
        for layer in (self.enter, self.mix):
            draw_normal(layer.weight, 0.0, (2 / (1.04 * layer.in_channels)) ** 0.5, generator)
            nn.init.zeros_(layer.bias)
        for parameter in self.leave.parameters():
            nn.init.zeros_(parameter)

    def forward(self, image: Tensor, modulations: list[Tensor]) -> Tensor:
        """Compute the image.

        Args:
            image: shape ``(B, in_channels, ...)``.
            modulations: of the two hidden layers (see ``modulate``), or none.

        Returns:
            Shape ``(B, out_channels, ...)``.
        """
        hidden = self.enter(image)
        if len(modulations) > 0:
            hidden = modulate(hidden, modulations[0])
        hidden = self.mix(leaky_relu(hidden, 0.2))
        if len(modulations) > 0:
            hidden = modulate(hidden, modulations[1])
        return self.leave(leaky_relu(hidden, 0.2))
