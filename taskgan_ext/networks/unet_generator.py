"""The generator G: the U-Net of pix2pix."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from monai.networks.layers.factories import Conv
from torch import Tensor, nn

from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.constructor_settings import require_choice, require_widths
from taskgan_ext.networks.film import modulate
from taskgan_ext.networks.image_size import require_size_multiple
from taskgan_ext.networks.normalisation import NormKind, normalisation
from taskgan_ext.networks.resize_convolution import ResizeConvolution

UpsampleKind = Literal["transposed", "nearest"]
OutputActivation = Literal["tanh", "sigmoid", "softplus", "none"]


class UNetGenerator(nn.Module):
    r"""Restore a degraded image, ``x^ = G(x~)``.

    Every encoder level halves the image with a 4x4 convolution of stride 2 after LeakyReLU 0.2, every decoder
    level doubles it after ReLU, and a decoder level also sees the encoder's output of its own size. With the
    defaults this is the U-Net of Isola et al., "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017, appendix 6.1, which the Task-GAN paper takes over: 54,408,385 parameters for one
    channel, 54,414,531 for three. The paper's decoder list (512-512-512-512-512-256-128-64) counts the
    outputs of the levels; pix2pix's (512-1024-1024-1024-1024-512-256-128) counts them after concatenation.

    The noise z of the paper is dropout, here as in pix2pix. It is silent in ``eval()``;
    :func:`~taskgan_ext.networks.monte_carlo_dropout.activate_dropout` keeps it on to sample restorations.

    The innermost level has no normalisation, since its map is a single pixel in the paper's setting; larger
    images give it more. A convolution has a bias where no normalisation follows it.

    Attributes:
        size_multiple: every spatial axis of the input must be a multiple of this, ``2 ** len(channels)``.

    Args:
        spatial_dims: 2 for slices, 3 for volumes.
        in_channels: channels of the degraded image (neighbouring slices, MR contrasts, colours).
        out_channels: channels of the restored image.
        channels: width of each encoder level, from the image inwards; their number is the depth.
        dropout: probability with which an activation is dropped, 0 for none.
        num_dropout_levels: how many decoder levels, from the innermost outwards, have dropout.
        norm: ``"batch"`` (the paper), ``"instance"`` (each image by its own statistics, in both modes;
            intensities shift if G is trained on crops and applied to whole images) or ``"none"``.
        upsample: ``"transposed"`` (the paper: transposed 4x4 convolution) or ``"nearest"`` (repeat the
            pixels, then a 3x3 convolution, :class:`ResizeConvolution`; leaves no checkerboard).
        output_activation: ``"tanh"`` (pix2pix) bounds the result to (-1, 1) and therefore suits images scaled
            into that range; ``"sigmoid"`` suits [0, 1]; ``"softplus"`` suits quantities without an upper
            bound, such as activity; ``"none"`` leaves the result alone.
        residual_channel: the input channel that is added to the result before the output activation, so that
            G learns the difference to it (the centre of a stack of slices); of ``out_channels`` channels, the
            first. None, as in the paper, adds nothing.

    Raises:
        ConfigError: a setting is out of its range.
    """

    def __init__(  # noqa: PLR0913, the choices of a network
        self,
        spatial_dims: int = 2,
        in_channels: int = 1,
        out_channels: int = 1,
        channels: Sequence[int] = (64, 128, 256, 512, 512, 512, 512, 512),
        *,
        dropout: float = 0.5,
        num_dropout_levels: int = 3,
        norm: NormKind = "batch",
        upsample: UpsampleKind = "transposed",
        output_activation: OutputActivation = "tanh",
        residual_channel: int | None = None,
    ) -> None:
        super().__init__()
        require_choice("spatial_dims", spatial_dims, (2, 3))
        require_choice("norm", norm, get_args(NormKind))
        require_choice("upsample", upsample, get_args(UpsampleKind))
        require_choice("output_activation", output_activation, get_args(OutputActivation))
        widths = require_widths("channels", channels, minimum_levels=2)
        depth = len(widths)
        if not 0 <= num_dropout_levels < depth:
            raise ConfigError(
                f"num_dropout_levels: expected 0 to {depth - 1}, the decoder levels before the output of a "
                f"U-Net of {depth} levels, got {num_dropout_levels}"
            )
        if residual_channel is not None and not 0 <= residual_channel <= in_channels - out_channels:
            raise ConfigError(
                f"residual_channel: expected a channel of the input, 0 to {in_channels - out_channels}, "
                f"got {residual_channel}"
            )
        self.size_multiple = 2**depth
        self.residual_channel = -1 if residual_channel is None else residual_channel
        self.encoder = nn.ModuleList()
        for level, width in enumerate(widths):
            outermost, innermost = level == 0, level == depth - 1
            self.encoder.append(
                _encoder_level(
                    spatial_dims,
                    in_channels if outermost else widths[level - 1],
                    width,
                    activate=not outermost,
                    norm="none" if outermost or innermost else norm,
                )
            )
        self.decoder = nn.ModuleList()
        for level in reversed(range(depth)):
            outermost, innermost = level == 0, level == depth - 1
            self.decoder.append(
                _decoder_level(
                    spatial_dims,
                    widths[level] if innermost else 2 * widths[level],
                    out_channels if outermost else widths[level - 1],
                    norm="none" if outermost else norm,
                    upsample=upsample,
                    dropout=dropout if depth - 1 - level < num_dropout_levels else 0.0,
                )
            )
        self.output_activation = _output_activation(output_activation)

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch.

        Args:
            image: the degraded image x~, shape ``(B, in_channels, H, W)`` or ``(B, in_channels, H, W, D)``.

        Returns:
            The restored image x^, shape ``(B, out_channels, ...)`` with the axes of ``image``, in the range
            of the output activation.

        Raises:
            ValueError: a spatial axis is not a multiple of ``size_multiple``.
        """
        restored = self.decode(self.encode(image))
        if self.residual_channel >= 0:
            last = self.residual_channel + restored.shape[1]
            restored = restored + image[:, self.residual_channel : last]
        return self.output_activation(restored)

    def encode(self, image: Tensor) -> list[Tensor]:
        """Run the encoder.

        Args:
            image: shape ``(B, in_channels, ...)``.

        Returns:
            The output of every encoder level, from the image inwards.

        Raises:
            ValueError: a spatial axis is not a multiple of ``size_multiple``.
        """
        require_size_multiple(image, self.size_multiple)
        features: list[Tensor] = []
        activation = image
        for level in self.encoder:
            activation = level(activation)
            features.append(activation)
        return features

    def decode(self, features: list[Tensor], modulations: list[Tensor] | None = None) -> Tensor:
        """Run the decoder.

        Args:
            features: what :meth:`encode` returned.
            modulations: scale and shift of what each decoder level takes, from the innermost outwards, as
                :func:`~taskgan_ext.networks.film.modulate` reads them; None changes nothing.

        Returns:
            Shape ``(B, out_channels, ...)`` with the axes of the image, before residual and activation.
        """
        activation = features[-1]
        for index, level in enumerate(self.decoder):
            if index > 0:
                activation = torch.cat([activation, features[-1 - index]], dim=1)
            if modulations is not None:
                activation = modulate(activation, modulations[index])
            activation = level(activation)
        return activation


def _encoder_level(
    spatial_dims: int, in_channels: int, out_channels: int, *, activate: bool, norm: NormKind
) -> nn.Sequential:
    """One halving.

    The names keep state dicts readable and differ from the discriminator's, because TorchScript takes two
    ``nn.Sequential`` with the same names for one type, even if their layers come in another order.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if activate:
        layers["pre_activation"] = nn.LeakyReLU(0.2)
    layers["conv"] = Conv["conv", spatial_dims](
        in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=norm == "none"
    )
    if norm != "none":
        layers["norm"] = normalisation(norm, spatial_dims, out_channels)
    return nn.Sequential(layers)


def _decoder_level(
    spatial_dims: int,
    in_channels: int,
    out_channels: int,
    *,
    norm: NormKind,
    upsample: UpsampleKind,
    dropout: float,
) -> nn.Sequential:
    """One doubling, with layers named like the encoder's."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(pre_activation=nn.ReLU())
    bias = norm == "none"
    if upsample == "transposed":
        layers["conv"] = Conv["convtrans", spatial_dims](
            in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=bias
        )
    else:
        layers["conv"] = ResizeConvolution(spatial_dims, in_channels, out_channels, bias=bias)
    if norm != "none":
        layers["norm"] = normalisation(norm, spatial_dims, out_channels)
    if dropout > 0:
        layers["dropout"] = nn.Dropout(dropout)
    return nn.Sequential(layers)


def _output_activation(kind: OutputActivation) -> nn.Module:
    activations: dict[OutputActivation, nn.Module] = {
        "tanh": nn.Tanh(),
        "sigmoid": nn.Sigmoid(),
        "softplus": nn.Softplus(),
        "none": nn.Identity(),
    }
    return activations[kind]
