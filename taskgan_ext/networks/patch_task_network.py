"""The task network T for MR contrasts: a classifier of patches."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from monai.networks.layers.factories import Conv, Pool
from torch import Tensor, nn
from torch.nn.functional import interpolate

from taskgan_ext.networks.constructor_settings import require_choice, require_widths
from taskgan_ext.networks.image_size import require_minimum_size
from taskgan_ext.networks.network_output import SegmentingOutput

FOREGROUND = 0.15
"""What foreground exceeds, as a fraction of the scale of the image."""


class PatchTaskNetwork(nn.Module):
    """Predict the contrast of an image, ``T(x)``, as the mean over patches of the head.

    Six layers, as the Task-GAN paper's patch classifier: four 4x4 convolutions of stride 2, a 3x3 and a 1x1
    convolution, each but the last with LeakyReLU 0.2; 323,886 parameters for one channel and six classes.

    A classifier of contrasts easily learns something else: the units of a scanner, or the share of air in
    the image. Therefore an image is divided by a percentile of its own foreground, air has no vote, and no
    layer normalises, so that neither the other images of a batch nor its own air changes a decision. A
    prototype with batch normalisation that pooled over air as well was better on the simulated images that it
    learnt from, and wrong on all of 15 clinical volumes.

    A positive factor does not change the logits, nor does a border of zeros, of a multiple of the patch size,
    at the ends of the axes, if air surrounds the head as widely as the layers see beyond a patch (31 pixels
    with four levels). Start it by ``initialise(..., std=None)``.

    Args:
        spatial_dims: 2 for slices, 3 for volumes.
        in_channels: channels of the image; values are magnitudes, at least 0 where there is signal.
        num_outputs: 1 for a yes-or-no property (sigmoid), else the number of classes (softmax).
        channels: width of each level that halves the image. A patch has ``2 ** len(channels)`` pixels on each
            axis, and an image at least as many.

    Raises:
        ConfigError: a setting is out of its range.
    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 1,
        num_outputs: int = 6,
        channels: Sequence[int] = (24, 48, 96, 96),
        segmentation: bool = False,
    ) -> None:
        super().__init__()
        require_choice("spatial_dims", spatial_dims, (2, 3))
        widths = require_widths("channels", channels)
        self.foreground = FOREGROUND  # TorchScript knows no constants of modules
        self.patch_size = 2 ** len(widths)
        convolution = Conv["conv", spatial_dims]
        convolutions = [
            convolution(before, width, kernel_size=4, stride=2, padding=1)
            for before, width in zip((in_channels, *widths), widths, strict=False)
        ]
        convolutions.append(convolution(widths[-1], widths[-1], kernel_size=3, padding=1))
        self.levels = nn.ModuleList(
            nn.Sequential(OrderedDict(conv=layer, activation=nn.LeakyReLU(0.2))) for layer in convolutions
        )
        self.head = _ZeroStart(convolution(widths[-1], num_outputs, kernel_size=1))
        self.segmentation = _SegmentationHead(spatial_dims, widths[:3]) if segmentation else None
        self.patch_mean = Pool["avg", spatial_dims](self.patch_size)

    def forward(self, image: Tensor) -> SegmentingOutput:
        """Predict the property of a batch.

        Args:
            image: reference or restored image, shape ``(B, in_channels, H, W)`` or
                ``(B, in_channels, H, W, D)``.

        Returns:
            The logits, shape ``(B, num_outputs)``: the mean over the patches in which more than half of the
            pixels are foreground, or over all patches of an image that has none of these. The features are
            the activations of all layers but the last, everywhere, air included.

        Raises:
            ValueError: a spatial axis is shorter than a patch.
        """
        require_minimum_size(image, self.patch_size)
        # Scale and patches are those of the image at hand: no gradient leads G to change them.
        brightness = image.detach().mean(dim=1, keepdim=True).clamp(min=0)
        scale = foreground_scale(brightness, self.foreground)
        share = self.patch_mean((brightness > self.foreground * scale).to(image.dtype))
        features: list[Tensor] = []
        activation = image / scale
        for level in self.levels:
            activation = level(activation)
            features.append(activation)
        decision = _mean_where(share > 0.5, self.head(activation))
        segmented = decision.new_zeros(0) if self.segmentation is None else self.segmentation(features)
        return SegmentingOutput(decision, features, segmented)


class _SegmentationHead(nn.Module):
    """Decide for every second pixel from the activations of the first levels, which still know where."""

    def __init__(self, spatial_dims: int, widths: Sequence[int], hidden: int = 16) -> None:
        super().__init__()
        convolution = Conv["conv", spatial_dims]
        # Narrowed before they are enlarged: the fine grid is where the time goes.
        self.narrow = nn.ModuleList(convolution(width, hidden, kernel_size=1) for width in widths)
        self.activation = nn.LeakyReLU(0.2)
        self.decide = convolution(hidden, 1, kernel_size=3, padding=1)

    def forward(self, features: list[Tensor]) -> Tensor:
        joined = self.narrow[0](features[0])
        for index, layer in enumerate(self.narrow):
            if index > 0:
                joined = joined + interpolate(layer(features[index]), features[0].shape[2:])
        return self.decide(self.activation(joined))


class _ZeroStart(nn.Module):
    """A layer that starts at zero, so that T starts undecided.

    Without normalisation, He's draws make logits of several units; the softmax is then sure of a wrong class,
    where the squared error of eq. 3 has no gradient, and T never learns.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.draw_start(torch.default_generator)

    def draw_start(self, generator: torch.Generator) -> None:  # noqa: ARG002, nothing is drawn
        for parameter in self.layer.parameters():
            nn.init.zeros_(parameter)

    def forward(self, activation: Tensor) -> Tensor:
        return self.layer(activation)


def foreground_scale(brightness: Tensor, foreground: float) -> Tensor:
    """Find how bright the foreground of each image is.

    Foreground, to begin with, exceeds a fraction of the mean that is weighted by brightness itself: unlike
    the mean, that hardly depends on how much air there is, and unlike the maximum not on single pixels.

    Args:
        brightness: at least 0, shape ``(B, 1, ...)``.
        foreground: the fraction.

    Returns:
        The 90th percentile of the foreground, 1 for an image without any, shape ``(B, 1, ...)`` with axes of
        length one.
    """
    values = brightness.flatten(1)
    weighted_mean = values.square().sum(dim=1, keepdim=True) / values.sum(dim=1, keepdim=True)
    air = ~(values > foreground * weighted_mean)
    scale = values.masked_fill(air, float("nan")).nanquantile(0.9, dim=1)
    return scale.nan_to_num(1.0).reshape([-1] + [1] * (brightness.ndim - 1))


def _mean_where(chosen: Tensor, logits: Tensor) -> Tensor:
    """Average the chosen patches, or all of an image that has none."""
    everywhere = ~chosen.flatten(1).any(dim=1).reshape([-1] + [1] * (chosen.ndim - 1))
    votes = (chosen | everywhere).flatten(2)
    return logits.flatten(2).where(votes, 0).sum(dim=2) / votes.sum(dim=2)
