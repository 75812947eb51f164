"""The weights that a network starts from."""

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

NetworkT = TypeVar("NetworkT", bound=nn.Module)


def initialise(network: NetworkT, seed: int, std: float = 0.02) -> NetworkT:
    """Draw the weights of a network as pix2pix does, in place.

    Weights of convolutions and linear layers from N(0, 0.02), scales of normalisation layers from N(1, 0.02),
    all biases zero (Isola et al., CVPR 2017, appendix 6.2, which the Task-GAN paper follows). The draws are
    made on the CPU in the order of the layers, so a seed gives the same weights on every device, whatever was
    drawn before.

    Args:
        network: any network, on any device.
        seed: of the draws; give each network its own.
        std: standard deviation of the draws.

    Returns:
        The same network.
    """
    generator = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, _ConvNd | nn.Linear):
            _draw(layer.weight, 0.0, std, generator)
        elif isinstance(layer, _NormBase) and layer.weight is not None:
            _draw(layer.weight, 1.0, std, generator)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return network


def _draw(parameter: Tensor, mean: float, std: float, generator: torch.Generator) -> None:
    values = torch.empty(parameter.shape, dtype=torch.float32).normal_(mean, std, generator=generator)
    with torch.no_grad():
        parameter.copy_(values)
