"""The weights that a network starts from."""

import math
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

NetworkT = TypeVar("NetworkT", bound=nn.Module)


def initialise(network: NetworkT, seed: int, std: float | None = 0.02) -> NetworkT:
    """Draw the weights of a network as pix2pix does, in place.

    Weights of convolutions and linear layers from N(0, 0.02), scales of normalisation layers from N(1, 0.02),
    all biases zero (Isola et al., CVPR 2017, appendix 6.2, which the Task-GAN paper follows). The draws are
    made on the CPU in the order of the layers, so a seed gives the same weights on every device, whatever was
    drawn before.

    pix2pix's 0.02 relies on batch normalisation to restore the scale of the activations. A network without
    it needs ``std=None``: weights from N(0, 2 / (1.04 fan_in)), which keeps the scale through LeakyReLU 0.2
    (He et al., ICCV 2015, section 2.2), so that the features of D are of the order of its input.

    Args:
        network: any network, on any device.
        seed: of the draws; give each network its own.
        std: standard deviation of the draws; None for He's, which depends on the layer.

    Returns:
        The same network.
    """
    generator = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, _ConvNd | nn.Linear):
            _draw(layer.weight, 0.0, _he_std(layer) if std is None else std, generator)
        elif isinstance(layer, _NormBase) and layer.weight is not None:
            _draw(layer.weight, 1.0, 0.0 if std is None else std, generator)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return network


def _he_std(layer: _ConvNd | nn.Linear) -> float:
    fan_in = layer.weight[0].numel()  # a transposed convolution has its input axis first: not for generators
    return math.sqrt(2 / (1 + 0.2**2) / fan_in)


def _draw(parameter: Tensor, mean: float, std: float, generator: torch.Generator) -> None:
    values = torch.empty(parameter.shape, dtype=torch.float32).normal_(mean, std, generator=generator)
    with torch.no_grad():
        parameter.copy_(values)
