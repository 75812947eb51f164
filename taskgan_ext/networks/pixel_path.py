"""A small network that looks at one pixel at a time."""

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from taskgan_ext.networks.initialisation import draw_normal


class PixelPath(nn.Module):
    """Compute an image from the channels of each pixel alone, by three linear layers.

    pix2pix's U-Net has no skip at full resolution: what it restores has passed a convolution of stride 2, and
    details of a pixel or two, small lesions among them, come out blurred. What an MR signal equation says
    needs no neighbours, so this path carries it at full resolution, and the U-Net adds what needs them.

    The layers are 1x1 convolutions, written as products of matrices: the modulation then goes into the
    weights of each image instead of over all of its pixels, and this path at full resolution, where reading
    and writing the pixels is what takes the time, needs half of it.

    Args:
        in_channels: channels of the image.
        out_channels: channels of the result.
        width: of the two hidden layers.
    """

    def __init__(self, in_channels: int, out_channels: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(in_channels, width)
        self.mix = nn.Linear(width, width)
        self.leave = nn.Linear(width, out_channels)
        self.draw_start(torch.default_generator)

    def draw_start(self, generator: torch.Generator) -> None:
        """Start with a result of zero and hidden layers that keep the scale of their input (He et al. 2015).

        Args:
            generator: of the draws.
        """
        for layer in (self.enter, self.mix):
            draw_normal(layer.weight, 0.0, (2 / (1.04 * layer.in_features)) ** 0.5, generator)
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
        count, hidden = image.shape[0], image.flatten(2)
        for index, layer in enumerate((self.enter, self.mix)):
            weight, bias = layer.weight.expand(count, -1, -1), layer.bias.expand(count, -1)
            if len(modulations) > 0:
                scale, shift = modulations[index].chunk(2, dim=1)
                weight, bias = (1 + scale).unsqueeze(2) * weight, (1 + scale) * bias + shift
            hidden = leaky_relu(torch.baddbmm(bias.unsqueeze(2), weight, hidden), 0.2, inplace=True)
        weight = self.leave.weight.expand(count, -1, -1)
        result = torch.baddbmm(self.leave.bias[:, None].expand(count, -1, 1), weight, hidden)
        return result.unflatten(2, image.shape[2:])
