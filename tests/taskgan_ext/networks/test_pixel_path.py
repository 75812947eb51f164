"""What one pixel says, at full resolution."""

import pytest
import torch
from torch import nn
from torch.nn.functional import leaky_relu

from taskgan_ext.networks.conditional_unet_generator import ConditionalUNetGenerator
from taskgan_ext.networks.film import modulate
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.pixel_path import PixelPath


def path_of() -> PixelPath:
    path = PixelPath(in_channels=3, out_channels=1, width=8)
    nn.init.normal_(path.leave.weight, generator=torch.Generator().manual_seed(0))
    return path


def test_a_pixel_changes_itself_alone() -> None:
    path, image = path_of(), torch.rand(1, 3, 8, 8)
    changed = image.clone()
    changed[:, :, 3, 5] += 1
    difference = path(changed, []) - path(image, [])
    assert [tuple(place) for place in difference[0, 0].nonzero().tolist()] == [(3, 5)]


@pytest.mark.parametrize("size", [(8, 6), (4, 6, 8)])
def test_it_equals_convolutions_of_one_pixel_whose_features_are_modulated(size: tuple[int, ...]) -> None:
    path, image = path_of(), torch.rand(2, 3, *size)
    modulations = [torch.rand(2, 16), torch.rand(2, 16)]
    hidden = image.movedim(1, -1)
    for layer, modulation in zip((path.enter, path.mix), modulations, strict=True):
        hidden = leaky_relu(modulate(layer(hidden).movedim(-1, 1), modulation), 0.2).movedim(1, -1)
    torch.testing.assert_close(path(image, modulations), path.leave(hidden).movedim(-1, 1))


def test_modulation_of_either_layer_changes_the_result() -> None:
    path, image = path_of(), torch.rand(1, 3, 8, 8)
    identity = torch.zeros(1, 16)
    torch.testing.assert_close(path(image, [identity, identity]), path(image, []))
    for layer in range(2):
        modulations = [identity, identity]
        modulations[layer] = torch.rand(1, 16)
        assert not torch.allclose(path(image, modulations), path(image, []))


def test_it_starts_at_zero_in_a_network_and_leaves_it_with_one_step() -> None:
    settings = {
        "image_channels": 3,
        "num_classes": 2,
        "num_values": 1,
        "channels": [4, 8],
        "num_dropout_levels": 0,
    }
    network = initialise(ConditionalUNetGenerator(**settings, pixel_width=8), seed=0)
    image = torch.rand(2, 6, 16, 16)
    assert network.pixel_path is not None
    assert not network.pixel_path(image[:, :3], []).any()
    network(image).sum().backward()
    assert network.pixel_path.leave.weight.grad is not None
    assert network.pixel_path.leave.weight.grad.any()


def test_start_keeps_the_scale_of_the_input() -> None:
    path = initialise(PixelPath(in_channels=64, out_channels=1, width=256), seed=0)
    hidden = path.enter(torch.randn(1024, 64))
    assert 1.0 < float(hidden.detach().std()) < 1.8
