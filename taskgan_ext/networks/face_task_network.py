"""Which T recognises faces: published weights where a user has them, else a small one that is trained."""

import os
from typing import Literal

from torch import nn

from taskgan_ext.networks.vgg_face import VGGFace
from taskgan_ext.networks.vgg_face_layers import ChannelOrder
from taskgan_ext.networks.vgg_face_weights import load_vgg_face_weights


def choose_face_network(
    own: nn.Module,
    weights: str | os.PathLike[str] = "",
    channel_order: Literal["auto"] | ChannelOrder = "auto",
) -> nn.Module:
    """Take VGG-Face with given weights, or the network that is trained on the identities at hand.

    Args:
        own: the network without published weights, on its device.
        weights: a file of :func:`~taskgan_ext.networks.vgg_face_weights.load_vgg_face_weights`; empty for
            ``own``.
        channel_order: what the first convolution of the file expects, as for that function.

    Returns:
        One of the two, on the device of ``own``.

    Raises:
        CheckpointError: the file is no file of VGG-Face weights.
        ConfigError: ``channel_order`` is unknown, or has to be given for this file.
        DependencyError: the package that reads the file is not installed.
    """
    if not weights:
        return own
    network = VGGFace()
    load_vgg_face_weights(network, weights, channel_order)
    return network.to(next(own.parameters()).device)


def epochs_beforehand(epochs: int, weights: str | os.PathLike[str] = "") -> int:
    """Say how long T is trained before G: not at all if it comes with weights.

    Args:
        epochs: of a network without weights.
        weights: as for :func:`choose_face_network`.

    Returns:
        Epochs.
    """
    return 0 if weights else epochs
