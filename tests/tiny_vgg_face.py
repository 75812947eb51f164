"""A reduced twin of VGG-Face, and the same network written down without its classes."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, linear, max_pool2d, relu

from taskgan_ext.networks.initialisation import draw_normal
from taskgan_ext.networks.vgg_face import VGGFace

MEAN = {"r": 129.1863, "g": 104.7624, "b": 93.5940}
TWIN = {"num_outputs": 5, "channels": (4, 4, 6, 6, 8), "hidden": 12, "image_size": 64}
"""64 pixels leave a map of 2 x 2 to fc6, whose inputs then have an order that a file can hold wrongly."""
STAGES = (("1_1", "1_2"), ("2_1", "2_2"), *(tuple(f"{n}_{i}" for i in (1, 2, 3)) for n in (3, 4, 5)))


def make_twin(seed: int = 0, **settings: object) -> VGGFace:
    """A twin in evaluation mode; weights keep the scale of the activations, biases are not zero."""
    network = VGGFace(**{**TWIN, **settings}).eval()
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in network.named_parameters():
        std = (2 / parameter[0].numel()) ** 0.5 if name.endswith("weight") else 5.0
        draw_normal(parameter, 0.0, std, generator)
    return network


def layers_of(network: VGGFace) -> dict[str, Tensor]:
    """Weights by the names of the paper, ``conv1_1.weight`` to ``fc8.bias``."""
    return {".".join(name.split(".")[-2:]): values for name, values in network.state_dict().items()}


def faces(batch: int = 3, size: int = 48, seed: int = 1) -> Tensor:
    """Smooth RGB pictures in [0, 1], each channel another one."""
    coarse = torch.rand(batch, 3, 6, 6, generator=torch.Generator().manual_seed(seed))
    return interpolate(coarse, (size, size), mode="bilinear")


def published_logits(
    layers: Mapping[str, Tensor], image: Tensor, channels: str = "rgb", mean: str | None = None
) -> Tensor:
    """The network as the paper describes it, on weights in PyTorch's arrangement.

    Args:
        layers: as :func:`layers_of` gives them.
        image: RGB in [0, 1], shape ``(B, 3, H, W)``.
        channels: order of the channels that the first convolution was trained on.
        mean: order in which the mean colour is subtracted; None for that of ``channels``.
    """
    values = interpolate(255 * image, (64, 64), mode="bilinear")[:, ["rgb".index(c) for c in channels]]
    values = values - torch.tensor([MEAN[c] for c in mean or channels]).reshape(3, 1, 1)
    for stage in STAGES:
        for name in stage:
            values = relu(conv2d(values, layers[f"conv{name}.weight"], layers[f"conv{name}.bias"], padding=1))
        values = max_pool2d(values, 2)
    values = values.flatten(1)
    for name in ("fc6", "fc7"):
        values = relu(linear(values, layers[f"{name}.weight"], layers[f"{name}.bias"]))
    return linear(values, layers["fc8.weight"], layers["fc8.bias"])
