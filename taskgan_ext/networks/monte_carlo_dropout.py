"""Dropout that stays on at inference: the noise z of the paper, and a measure of uncertainty."""

from typing import TypeVar

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from taskgan_ext.errors import ConfigError

NetworkT = TypeVar("NetworkT", bound=nn.Module)


def activate_dropout(network: NetworkT) -> NetworkT:
    """Put a network into evaluation mode but for its dropout layers, in place.

    Each pass then draws another restoration, and their spread measures how sure the network is (Gal and
    Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016). The statistics of batch normalisation stay
    fixed. Dropout draws from PyTorch's global generator, so the caller seeds that to repeat the draws;
    ``network.eval()`` ends it.

    Args:
        network: a network with dropout, in any mode; not a scripted one, whose layers have no type.

    Returns:
        The same network.

    Raises:
        ConfigError: no layer drops anything, so that all passes would agree.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, _DropoutNd) and layer.p > 0]
    if not layers:
        raise ConfigError(
            f"expected a network with dropout, but {type(network).__name__} has none that drops anything: "
            "train it with dropout > 0 and num_dropout_levels > 0"
        )
    network.eval()
    for layer in layers:
        layer.train()
    return network
