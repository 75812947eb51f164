"""The discriminator D, which judges whole images, alone or together with their property."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import get_args

import torch
from monai.networks.layers.factories import Conv
from torch import Tensor, nn

from taskgan_ext.networks.constructor_settings import require_choice, require_widths
from taskgan_ext.networks.image_size import require_minimum_size
from taskgan_ext.networks.network_output import NetworkOutput
from taskgan_ext.networks.normalisation import NormKind, normalisation


class ImageDiscriminator(nn.Module):
    """Tell real from restored images, ``D(x)``, and show the inner features f(x) that eq. 2 matches.

    Six 4x4 convolutions of stride 2, each with LeakyReLU 0.2, and a 3x3 head whose map is averaged into one
    decision per image: C64-C128-C256-C512-C512-C512 of the paper's appendix, 11,148,737 parameters for one
    channel. D sees the image alone; to condition it on the degraded image (pix2pix), concatenate the two and
    give ``in_channels`` their sum.

    Deviation: pix2pix normalises over the batch in all levels but the first; here the default is no
    normalisation. In a prototype of PET denoising a batch-normalised D left the restored images as the pixel
    loss alone made them, and D without normalisation changed them.

    With ``num_classes`` D judges whether an image is a real one of its class: one-hot planes of the property
    stand beside it as further channels, so that every feature that eq. 2 matches depends on the class (Mirza
    and Osindero, "Conditional Generative Adversarial Nets", 2014).

    Args:
        spatial_dims: 2 for slices, 3 for volumes.
        in_channels: channels of the image.
        num_outputs: decisions per image.
        channels: width of each level; their number is the depth, and an axis of the image is at least
            ``2 ** len(channels)`` long.
        norm: ``"none"``, ``"batch"`` (pix2pix) or ``"instance"``; the first level never has one. Batch
            normalisation makes f(x) depend on the other images of the pass, so real and restored images then
            need passes of their own. Instance normalisation cannot act on a map of a single pixel, so it
            needs images of more than ``2 ** len(channels)``.
        num_classes: number of classes of the property that D is told; 0 if it judges the image alone.

    Raises:
        ConfigError: a setting is out of its range.
    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 1,
        num_outputs: int = 1,
        channels: Sequence[int] = (64, 128, 256, 512, 512, 512),
        norm: NormKind = "none",
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        require_choice("spatial_dims", spatial_dims, (2, 3))
        require_choice("norm", norm, get_args(NormKind))
        widths = require_widths("channels", channels)
        self.num_classes = num_classes
        self.minimum_size = 2 ** len(widths)
        self.levels = nn.ModuleList()
        for level, width in enumerate(widths):
            level_norm: NormKind = norm if level > 0 else "none"
            layers: OrderedDict[str, nn.Module] = OrderedDict()
            layers["conv"] = Conv["conv", spatial_dims](
                widths[level - 1] if level > 0 else in_channels + num_classes,
                width,
                kernel_size=4,
                stride=2,
                padding=1,
                bias=level_norm == "none",
            )
            if level_norm != "none":
                layers["norm"] = normalisation(level_norm, spatial_dims, width)
            layers["activation"] = nn.LeakyReLU(0.2)
            self.levels.append(nn.Sequential(layers))
        # pix2pix's head is 4x4, which the single pixel left of a 64x64 image cannot hold.
        self.head = Conv["conv", spatial_dims](widths[-1], num_outputs, kernel_size=3, padding=1)

    def forward(self, image: Tensor, prop: Tensor | None = None) -> NetworkOutput:
        """Judge a batch.

        Args:
            image: real or restored, shape ``(B, in_channels, H, W)`` or ``(B, in_channels, H, W, D)``.
            prop: class indices as integers, shape ``(B,)`` or ``(B, 1)``; ignored without ``num_classes``.

        Returns:
            The logit of "real", shape ``(B, num_outputs)``, and the activations of each level from shallow to
            deep, each with half the axes of the one before.

        Raises:
            ValueError: a spatial axis is shorter than ``2 ** len(channels)``, or ``prop`` does not hold a
                class of each image.
        """
        require_minimum_size(image, self.minimum_size)
        features: list[Tensor] = []
        activation = image if self.num_classes == 0 else _append_class(image, prop, self.num_classes)
        for level in self.levels:
            activation = level(activation)
            features.append(activation)
        return NetworkOutput(self.head(activation).flatten(2).mean(dim=2), features)


def _append_class(image: Tensor, prop: Tensor | None, num_classes: int) -> Tensor:
    """Append one-hot planes of the class."""
    if prop is None:
        raise ValueError(f"expected the property of each image, one of {num_classes} classes, got None")
    one_hot = prop.reshape(-1, 1) == torch.arange(num_classes, device=prop.device)
    if not torch.jit.is_tracing() and (  # type: ignore[attr-defined]
        prop.is_floating_point() or one_hot.shape[0] != image.shape[0] or not bool(one_hot.any(dim=1).all())
    ):
        raise ValueError(
            f"expected a class index from 0 to {num_classes - 1} as integer for each of {image.shape[0]} "
            f"images, got {prop.dtype} of shape {list(prop.shape)}"
        )
    one_hot = one_hot.reshape(one_hot.shape + (1,) * (image.ndim - 2))
    return torch.cat([image, one_hot * torch.ones_like(image[:, :1])], dim=1)
