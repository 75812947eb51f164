"""Repeat every pixel and convolve, at the cost of a transposed convolution."""

from monai.networks.layers.factories import Conv
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d, conv_transpose3d, pad


class ResizeConvolution(nn.Module):
    """Double an image by repeating its pixels, then convolve it with a 3x3 kernel.

    A transposed convolution gives even and odd pixels kernels of their own, and they come out of a training
    unequal: a grid of two pixels (Odena et al., "Deconvolution and Checkerboard Artifacts", Distill 2016).
    Here all pixels share one kernel. Repeating and convolving is itself a transposed convolution, whose 4x4
    kernel is the 3x3 one summed over pairs of neighbours, so it is computed as one: four products for each
    pixel instead of nine, and no enlarged input in memory.

    Args:
        spatial_dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: channels of the result.
        bias: add a learned offset to each channel.
    """

    def __init__(self, spatial_dims: int, in_channels: int, out_channels: int, *, bias: bool = True) -> None:
        super().__init__()
        # The layer holds the weights, so that they are drawn and named like those of any convolution.
        self.kernel = Conv["conv", spatial_dims](
            in_channels, out_channels, kernel_size=3, padding=1, bias=bias
        )
        self.axes = list(range(2, 2 + spatial_dims))

    def forward(self, image: Tensor) -> Tensor:
        """Double and convolve.

        Args:
            image: shape ``(B, in_channels, ...)``.

        Returns:
            Shape ``(B, out_channels, ...)``, every axis twice as long.
        """
        kernel = self.kernel.weight.transpose(0, 1).flip(self.axes)
        for axis in range(len(self.axes)):
            before, behind = [0] * (2 * len(self.axes)), [0] * (2 * len(self.axes))
            before[2 * axis], behind[2 * axis + 1] = 1, 1
            kernel = pad(kernel, behind) + pad(kernel, before)
        if len(self.axes) == 2:
            return conv_transpose2d(image, kernel, self.kernel.bias, stride=2, padding=1)
        return conv_transpose3d(image, kernel, self.kernel.bias, stride=2, padding=1)
