"""Load published weights of VGG-Face, whatever program they come from."""

import logging
import os
from pathlib import Path
from typing import Literal

from torch import Tensor

from taskgan_ext.errors import CheckpointError, ConfigError
from taskgan_ext.networks.constructor_settings import require_choice
from taskgan_ext.networks.vgg_face import VGGFace
from taskgan_ext.networks.vgg_face_files import read_vgg_face
from taskgan_ext.networks.vgg_face_layers import ChannelOrder

logger = logging.getLogger(__name__)


def load_vgg_face_weights(
    network: VGGFace, path: str | os.PathLike[str], channel_order: Literal["auto"] | ChannelOrder = "auto"
) -> ChannelOrder:
    """Load a weight file into VGG-Face, converted to red, green and blue; every layer and shape must fit.

    Half of the files in circulation were converted from Caffe, whose images are blue, green and red. Their
    first convolution is turned around here, so that :class:`VGGFace` has one preprocessing: subtracting the
    mean colour in the wrong order shifts red and blue by 36 of 255, and nothing else would tell.

    The weights of VGG-Face may be used for research that is not commercial; they are not part of this
    package.

    Args:
        network: changed in place.
        path: ``.pth``, ``.pt``, ``.mat`` or ``.h5``, as
            :func:`~taskgan_ext.networks.vgg_face_files.read_vgg_face` lists.
        channel_order: ``"rgb"`` or ``"bgr"`` where it is known what the first convolution expects; ``"auto"``
            goes by the make of the file.

    Returns:
        The order of channels that the file was taken to have; it is logged too.

    Raises:
        CheckpointError: the file is missing, cannot be read, or does not fit the network.
        ConfigError: ``channel_order`` is unknown, or has to be given for this make.
        DependencyError: the package that reads the file is not installed.
    """
    require_choice("channel_order", channel_order, ("auto", "rgb", "bgr"))
    path = Path(path)
    layers = read_vgg_face(path)
    order = layers.channel_order if channel_order == "auto" else channel_order
    if order is None:
        raise ConfigError(
            f"{path}: {layers.make} does not tell the order of its channels: give channel_order "
            "(of a bundle: --task_channel_order), 'rgb' or 'bgr', as the images that it was trained on"
        )
    weights = dict(layers.weights)
    # state_dict names each layer behind the stage that holds it.
    own = {".".join(name.split(".")[-2:]): name for name in network.state_dict()}
    _require_fit(weights, {short: network.state_dict()[name] for short, name in own.items()}, path)
    if order == "bgr":
        weights["conv1_1.weight"] = weights["conv1_1.weight"].flip(1)
    network.load_state_dict({own[short]: values for short, values in weights.items()})
    logger.info("%s: VGG-Face from %s, whose channels are %s", path, layers.make, order.upper())
    return order


def _require_fit(found: dict[str, Tensor], wanted: dict[str, Tensor], path: Path) -> None:
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    if missing or unknown:
        differences = ((missing, "it lacks"), (unknown, "it also holds"))
        raise CheckpointError(
            f"{path}: expected exactly the layers conv1_1 to fc8 of VGG-Face, but "
            + " and ".join(f"{text} {', '.join(names)}" for names, text in differences if names)
        )
    other = [
        f"{name} {tuple(found[name].shape)} instead of {tuple(values.shape)}"
        for name, values in wanted.items()
        if found[name].shape != values.shape
    ]
    if other:
        raise CheckpointError(
            f"{path}: expected the weights of this VGGFace, but their shapes differ: {', '.join(other)}; the "
            "published ones need its default num_outputs, channels, hidden and image_size"
        )
