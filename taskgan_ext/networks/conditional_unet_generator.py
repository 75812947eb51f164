"""A generator that is asked for one of several contrasts."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.constructor_settings import require_choice
from taskgan_ext.networks.film import FiLM
from taskgan_ext.networks.normalisation import NormKind
from taskgan_ext.networks.pixel_path import PixelPath
from taskgan_ext.networks.unet_generator import OutputActivation, UNetGenerator, UpsampleKind

Conditioning = Literal["film", "heads"]


class ConditionalUNetGenerator(nn.Module):
    """Restore the contrast that the input asks for, ``x^ = G(x~, y)``.

    One network makes all contrasts of an acquisition: the label conditioning of the Task-GAN
    paper's MR experiment. Image and condition come as one tensor, so that inferers, exports and servers that
    know networks of one input run it: the last ``num_classes + num_values`` channels are constant planes that
    hold the one-hot contrast and the logarithms of TR, TE and TI in s. The network reads their spatial means,
    which neither padding by repetition nor a sliding window changes.

    By ``"film"`` all contrasts share the encoder; contrast and times modulate what each level of the decoder
    takes, the encoder's features included. By ``"heads"`` they share everything up to the last layer, which
    has an output per contrast; the times have no influence then, so such a network serves one table of
    protocols only.

    Attributes:
        size_multiple: every spatial axis of the input must be a multiple of this, ``2 ** len(channels)``.

    Args:
        spatial_dims: 2 for slices, 3 for volumes.
        image_channels: channels of the degraded image, which come first.
        num_classes: number of contrasts, and of planes with their one-hot.
        num_values: number of planes after those.
        channels: see :class:`~taskgan_ext.networks.UNetGenerator`.
        conditioning: ``"film"`` or ``"heads"``.
        dropout: see there.
        num_dropout_levels: see there.
        norm: see there. By ``"batch"`` the contrasts of a batch share their statistics: mix them in every
            batch, as they were mixed in training.
        upsample: see there.
        output_activation: see there.
        residual_channels: for each contrast the channel that is added to the result before the output
            activation, such as the contrast that relaxation times predict, so that G learns the difference to
            it. None for a contrast that should be made from nothing, or for all.
        pixel_width: width of a path that looks at single pixels at full resolution, beside the U-Net
            (:class:`~taskgan_ext.networks.pixel_path.PixelPath`); 0 for none, as in the paper.

    Raises:
        ConfigError: a setting is out of its range.
    """

    def __init__(  # noqa: PLR0913, the choices of a network
        self,
        spatial_dims: int = 2,
        image_channels: int = 1,
        num_classes: int = 6,
        num_values: int = 3,
        channels: Sequence[int] = (64, 128, 256, 512, 512, 512, 512, 512),
        *,
        conditioning: Conditioning = "film",
        dropout: float = 0.5,
        num_dropout_levels: int = 3,
        norm: NormKind = "batch",
        upsample: UpsampleKind = "transposed",
        output_activation: OutputActivation = "tanh",
        residual_channels: Sequence[int | None] | None = None,
        pixel_width: int = 0,
    ) -> None:
        super().__init__()
        require_choice("conditioning", conditioning, get_args(Conditioning))
        self.unet = UNetGenerator(
            spatial_dims,
            image_channels,
            num_classes if conditioning == "heads" else 1,
            channels,
            dropout=dropout,
            num_dropout_levels=num_dropout_levels,
            norm=norm,
            upsample=upsample,
            output_activation=output_activation,
        )
        self.size_multiple = self.unet.size_multiple
        self.image_channels, self.num_classes, self.num_values = image_channels, num_classes, num_values
        # The innermost level takes the bottleneck, the others the encoder's features beside their own.
        widths = [channels[-1], *(2 * width for width in reversed(channels[:-1]))]
        self.num_levels = len(widths)
        self.pixel_path = None
        if pixel_width > 0:
            self.pixel_path = PixelPath(
                image_channels, num_classes if conditioning == "heads" else 1, pixel_width
            )
            widths += [pixel_width, pixel_width]
        self.film = FiLM(num_classes + num_values, widths) if conditioning == "film" else None
        # Plain numbers: a running average of the network would average a buffer of them, and round it down.
        self.residual_channels = _residual_channels(residual_channels, image_channels, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch, each image to its own contrast.

        Args:
            image: the degraded image x~ and the planes of the condition, shape
                ``(B, image_channels + num_classes + num_values, H, W)`` or ``(..., H, W, D)``.

        Returns:
            The restored image x^, shape ``(B, 1, ...)`` with the axes of ``image``, in the range of the
            output activation.

        Raises:
            ValueError: there are other than that many channels, or a spatial axis is not a multiple of
                ``size_multiple``.
        """
        self._require_channels(image)
        condition = image[:, self.image_channels :].flatten(2).mean(dim=2)
        contrast = condition[:, : self.num_classes]
        degraded = image[:, : self.image_channels]
        if self.film is not None:
            # Logarithms of times in s run from -5 to 2.5: this brings them to the order of the one-hot.
            values = (condition[:, self.num_classes :] + 1) / 2
            restored = self._restore(degraded, self.film(torch.cat([contrast, values], dim=1)))
        else:
            restored = _select(self._restore(degraded, []), contrast)
        if len(self.residual_channels) > 0:
            restored = restored + _select(self._residuals(degraded), contrast)
        return self.unet.output_activation(restored)

    def _restore(self, degraded: Tensor, modulations: list[Tensor]) -> Tensor:
        """What the U-Net and the pixel path make of the image, before anything is added."""
        features = self.unet.encode(degraded)
        if len(modulations) > 0:
            restored = self.unet.decode(features, modulations[: self.num_levels])
        else:
            restored = self.unet.decode(features)
        if self.pixel_path is not None:
            restored = restored + self.pixel_path(degraded, modulations[self.num_levels :])
        return restored

    def _require_channels(self, image: Tensor) -> None:
        if torch.jit.is_tracing():  # type: ignore[attr-defined]
            return
        planes = self.num_classes + self.num_values
        if image.shape[1] != self.image_channels + planes:
            raise ValueError(
                f"expected {self.image_channels} channels of the image and {planes} planes of the condition, "
                f"got {image.shape[1]} channels: append the condition to the image, or change the network"
            )

    def _residuals(self, degraded: Tensor) -> Tensor:
        """What is added to each contrast, shape ``(B, num_classes, ...)``."""
        nothing = torch.zeros_like(degraded[:, :1])
        return torch.cat(
            [degraded[:, c : c + 1] if c >= 0 else nothing for c in self.residual_channels], dim=1
        )


def _select(images: Tensor, contrast: Tensor) -> Tensor:
    """The one channel of each image that its one-hot names."""
    return (images * contrast.reshape(contrast.shape + (1,) * (images.ndim - 2))).sum(dim=1, keepdim=True)


def _residual_channels(
    channels: Sequence[int | None] | None, image_channels: int, num_classes: int
) -> list[int]:
    """The channel of each contrast, -1 for none; an empty list if nothing is added at all."""
    if channels is None:
        return []
    if len(channels) != num_classes or not all(c is None or 0 <= c < image_channels for c in channels):
        raise ConfigError(
            f"residual_channels: expected {num_classes} channels of the image, 0 to {image_channels - 1} "
            f"(or null), one per contrast, got {list(channels)}"
        )
    return [-1 if c is None else c for c in channels]
