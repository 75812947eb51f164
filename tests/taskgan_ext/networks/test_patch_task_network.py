"""A decision about an image depends on its head, on nothing beside it."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from taskgan_ext.errors import ConfigError
from taskgan_ext.losses.task_regression import TaskLoss, task_regression_loss
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.patch_task_network import FOREGROUND, PatchTaskNetwork, foreground_scale

MARGIN = 31
"""How far the layers see beyond a patch: 15 pixels by the halvings, and one patch by the 3x3 convolution."""


def network_of(**settings: int) -> PatchTaskNetwork:
    network = initialise(PatchTaskNetwork(**settings), 0, std=None)
    for name, parameter in network.named_parameters():
        if name.endswith("bias") or name.startswith("head"):
            nn.init.normal_(parameter, std=0.3, generator=torch.Generator().manual_seed(len(name)))
    return network


def heads(batch: int = 3, size: int = 128, margin: int = MARGIN, channels: int = 1) -> Tensor:
    """Textured squares of different brightness in air."""
    generator = torch.Generator().manual_seed(1)
    inside = size - 2 * margin
    texture = 0.4 + torch.rand(batch, channels, inside, inside, generator=generator)
    brightness = torch.logspace(-3, 3, batch).reshape(-1, 1, 1, 1)
    return pad(texture * brightness, [margin] * 4)


def test_default_has_the_layers_and_the_size_of_the_prototype() -> None:
    with torch.device("meta"):
        network = PatchTaskNetwork()
        output = network(torch.empty(2, 1, 128, 96))
    assert sum(parameter.numel() for parameter in network.parameters()) == 323_886
    assert output.logit.shape == (2, 6)
    assert [tuple(values.shape[1:]) for values in output.features] == [
        (24, 64, 48),
        (48, 32, 24),
        (96, 16, 12),
        (96, 8, 6),
        (96, 8, 6),
    ]
    assert not [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._NormBase)]


def test_undecided_at_first_it_learns_from_the_squared_error() -> None:
    network = initialise(PatchTaskNetwork(num_outputs=3), 0, std=None)
    logit = network(heads()).logit
    assert not logit.any()
    task_regression_loss(logit, torch.tensor([0, 1, 2])).backward()
    assert all(parameter.grad.any() for parameter in network.head.parameters())


@pytest.mark.parametrize("factor", [1e-4, 0.5, 3e3])
def test_decision_does_not_depend_on_the_unit(factor: float) -> None:
    network, image = network_of(), heads()
    output, scaled = network(image), network(factor * image)
    torch.testing.assert_close(scaled.logit, output.logit, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(scaled.features, output.features, rtol=1e-4, atol=1e-5)


def test_decision_about_an_image_does_not_depend_on_the_others_while_training() -> None:
    network, image = network_of().train(), heads()
    torch.testing.assert_close(network(image[1:2]).logit, network(image).logit[1:2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("border", [(16, 0), (0, 32), (48, 16)], ids=str)
def test_border_of_zeros_does_not_change_the_decision(border: tuple[int, int]) -> None:
    network, image = network_of(), heads()
    padded = pad(image, (0, border[0], 0, border[1]))
    torch.testing.assert_close(network(padded).logit, network(image).logit, rtol=1e-4, atol=1e-5)


def test_patches_of_air_have_no_vote() -> None:
    network, image = network_of(), heads(1)
    votes = network.head(network(image).features[-1])
    found = network(image).logit
    # Of 66 pixels from 31 to 96, the patches from 32 on are full and those beside them nearly empty.
    torch.testing.assert_close(found, votes[..., 2:6, 2:6].mean(dim=(2, 3)))


def test_image_without_foreground_is_judged_by_all_patches() -> None:
    network = network_of()
    spots = torch.zeros(1, 1, 64, 64)
    spots[..., ::16, ::16] = 1.0
    for image in (torch.zeros(1, 1, 64, 64), -torch.ones(1, 1, 64, 64), spots):
        output = network(image)
        torch.testing.assert_close(output.logit, network.head(output.features[-1]).mean(dim=(2, 3)))
        assert output.logit.isfinite().all()


def test_scale_is_the_percentile_of_the_foreground_whatever_the_air() -> None:
    head = torch.linspace(1, 2, 101)
    for air in (torch.zeros(1), torch.zeros(500), torch.full((500,), 0.02)):
        image = torch.cat([head, air]).reshape(1, 1, -1, 1)
        torch.testing.assert_close(foreground_scale(image, FOREGROUND).item(), 1.9)
    assert foreground_scale(torch.zeros(2, 1, 4, 4), FOREGROUND).tolist() == [[[[1.0]]], [[[1.0]]]]


def test_gradient_flows_through_the_logits_alone() -> None:
    network, image = network_of().double(), heads(1).double().requires_grad_()
    scale = foreground_scale(image.detach(), FOREGROUND)
    (gradient,) = torch.autograd.grad(network(image).logit.square().sum(), image)
    activation = image / scale
    for level in network.levels:
        activation = level(activation)
    by_hand = network.head(activation)[..., 2:6, 2:6].mean(dim=(2, 3))
    (expected,) = torch.autograd.grad(by_hand.square().sum(), image)
    assert expected.any()
    torch.testing.assert_close(gradient, expected)


def test_features_of_a_restored_image_can_be_matched_with_those_of_its_target() -> None:
    network, target = network_of(), heads()
    restored = (target + 0.3 * target.amax(dim=(1, 2, 3), keepdim=True)).requires_grad_()
    loss = TaskLoss(match="features")(network(restored), network(target), torch.tensor([0, 1, 2]))
    loss.backward()
    assert loss > 0
    assert restored.grad.abs().amax(dim=(1, 2, 3)).min() > 0


def test_volumes_and_several_channels_are_judged_too() -> None:
    image = heads(2, channels=2)[..., None].expand(-1, -1, -1, -1, 16)[:, :, ::2, ::2]
    assert network_of(spatial_dims=3, in_channels=2, num_outputs=4)(image).logit.shape == (2, 4)


def test_image_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 16 on each axis, got \[32, 15\]"):
        PatchTaskNetwork()(torch.zeros(1, 1, 32, 15))


def test_network_without_levels_is_refused() -> None:
    with pytest.raises(ConfigError, match="channels: expected at least 1 positive"):
        PatchTaskNetwork(channels=[])
