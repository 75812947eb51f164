"""The weights that a network starts from."""

import math
from typing import Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

NetworkT = TypeVar("NetworkT", bound=nn.Module)


@runtime_checkable
class StartsItself(Protocol):
    """A module that knows better than pix2pix how its weights start."""

    def draw_start(self, generator: torch.Generator) -> None:
        """Set every parameter of the module.

        Args:
            generator: on the CPU, for whatever is drawn.
        """


def initialise(network: NetworkT, seed: int, std: float | None = 0.02) -> NetworkT:
    """Draw the weights of a network as pix2pix does, in place.

    Weights of convolutions and linear layers from N(0, 0.02), scales of normalisation layers from N(1, 0.02),
    all biases zero (Isola et al., CVPR 2017, appendix 6.2, which the Task-GAN paper follows). The draws are
    made on the CPU in the order of the layers, so a seed gives the same weights on every device, whatever was
    drawn before.

    pix2pix's 0.02 relies on batch normalisation to restore the scale of the activations. A network without
    it needs ``std=None``: weights from N(0, 2 / (1.04 fan_in)), which keeps the scale through LeakyReLU 0.2
    (He et al., ICCV 2015, section 2.2), so that the features of D are of the order of its input.

    A part of the network that :class:`StartsItself` does so, whatever ``std`` is.

    Args:
        network: any network, on any device.
        seed: of the draws; give each network its own.
        std: standard deviation of the draws; None for He's, which depends on the layer.

    Returns:
        The same network.
    """
    generator = torch.Generator().manual_seed(seed)
    settled: set[nn.Module] = set()
    for layer in network.modules():  # a module comes before its parts
        if isinstance(layer, StartsItself):
            layer.draw_start(generator)
            settled.update(layer.modules())
        if layer in settled:
            continue
        if isinstance(layer, _ConvNd | nn.Linear):
            draw_normal(layer.weight, 0.0, _he_std(layer) if std is None else std, generator)
        elif isinstance(layer, _NormBase) and layer.weight is not None:
            draw_normal(layer.weight, 1.0, 0.0 if std is None else std, generator)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return network


def draw_normal(parameter: Tensor, mean: float, std: float, generator: torch.Generator) -> None:
    """Fill a parameter with draws from N(mean, std), the same on every device.

    Args:
        parameter: changed in place.
        mean: of the draws.
        std: of the draws.
        generator: on the CPU.
    """
    values = torch.empty(parameter.shape, dtype=torch.float32, device="cpu")
    values.normal_(mean, std, generator=generator)
    with torch.no_grad():
        parameter.copy_(values)


def _he_std(layer: _ConvNd | nn.Linear) -> float:
    fan_in = layer.weight[0].numel()  # a transposed convolution has its input axis first: not for generators
    return math.sqrt(2 / (1 + 0.2**2) / fan_in)
