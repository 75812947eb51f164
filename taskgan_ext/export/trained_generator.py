"""The generator of a trained bundle, with what is known of the images that it takes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser
from torch import nn

from taskgan_ext.bundle.messages import find_user_error
from taskgan_ext.errors import CheckpointError, ConfigError
from taskgan_ext.handlers.load_weights import load_weights
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.networks.conditional_unet_generator import ConditionalUNetGenerator
from taskgan_ext.networks.unet_generator import UNetGenerator


@dataclass(frozen=True)
class TrainedGenerator:
    """A generator in evaluation mode, on the CPU.

    Attributes:
        network: takes ``(B, channels, ...)`` and gives ``(B, out, ...)`` with the same spatial axes.
        checkpoint: file of its weights.
        digest: SHA-256 of that file.
        channels: of its input.
        spatial_dims: 2 or 3.
        size_multiple: every spatial axis must be a multiple of this.
        value_range: lowest and highest value of an input, from the metadata.
    """

    network: nn.Module
    checkpoint: Path
    digest: str
    channels: int
    spatial_dims: int
    size_multiple: int
    value_range: tuple[float, float]


def load_generator(
    bundle: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None
) -> TrainedGenerator:
    """Build ``network_def`` of ``inference.json`` and load the weights at ``ckpt_path`` into it, strictly.

    Args:
        bundle: folder of the bundle.
        overrides: settings of ``inference.json`` by their ids, those that the training was given.

    Returns:
        The generator.

    Raises:
        ConfigError: the folder is no bundle, a setting is unknown, or the network cannot be built.
        CheckpointError: the weights are missing, belong to another network, or change while they are read.
    """
    bundle = Path(bundle)
    parser = _read_configuration(bundle, overrides or {})
    network, path, train_first = (_build(parser, id_) for id_ in ("network_def", "ckpt_path", "train_first"))
    checkpoint = Path(path)
    digest = sha256(checkpoint) if checkpoint.is_file() else ""
    load_weights(network, checkpoint, train_first)
    if sha256(checkpoint) != digest:
        raise CheckpointError(f"{checkpoint}: it changed while it was read; export when the training is done")
    image = read_json(bundle / "configs" / "metadata.json")["network_data_format"]["inputs"]["image"]
    channels, spatial_dims = _input_of(network, image)
    low, high = map(float, image["value_range"])
    return TrainedGenerator(
        network=network.eval(),
        checkpoint=checkpoint,
        digest=digest,
        channels=channels,
        spatial_dims=spatial_dims,
        size_multiple=getattr(network, "size_multiple", 1),
        value_range=(low, high),
    )


def _read_configuration(bundle: Path, overrides: Mapping[str, Any]) -> ConfigParser:
    path = bundle / "configs" / "inference.json"
    if not path.is_file():
        raise ConfigError(f"{bundle}: expected the folder of a bundle, found no configs/inference.json in it")
    parser = ConfigParser(ConfigParser.load_config_file(path))
    for id_, value in ({"bundle_root": str(bundle)} | dict(overrides)).items():
        parts = id_.replace("#", "::").split("::")
        if parts[0] not in parser.config:
            raise ConfigError(
                f"unknown setting --{id_}; expected an id of {path}: {', '.join(parser.config)}"
            )
        parser["::".join(parts)] = value
    return parser


def _build(parser: ConfigParser, id_: str) -> Any:  # noqa: ANN401  # a configuration may hold anything
    try:
        return parser.get_parsed_content(id_)
    # MONAI wraps what a constructor raises in errors of several types.
    except Exception as error:
        readable = find_user_error(error)
        if readable is not None:
            raise readable from None
        cause = error.__cause__ or error
        raise ConfigError(f"inference.json: {id_} cannot be built ({cause})") from error


def _input_of(network: nn.Module, metadata: Mapping[str, Any]) -> tuple[int, int]:
    """Channels and number of spatial axes; overrides change them for our networks, not in the metadata."""
    unet = network.unet if isinstance(network, ConditionalUNetGenerator) else network
    if not isinstance(unet, UNetGenerator):
        return int(metadata["num_channels"]), len(metadata["spatial_shape"])
    weight = next(unet.encoder.parameters())
    planes = network.num_classes + network.num_values if isinstance(network, ConditionalUNetGenerator) else 0
    return weight.shape[1] + planes, weight.ndim - 2
