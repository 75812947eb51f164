import pytest
import torch
from torch import nn

from taskgan_ext.networks import (
    ConditionalUNetGenerator,
    DenseNetTaskNetwork,
    ImageDiscriminator,
    PatchTaskNetwork,
    ResNetTaskNetwork,
    UNetGenerator,
    initialise,
)
from taskgan_ext.networks.film import FiLM

NETWORKS = {
    "generator": lambda: UNetGenerator(channels=(4, 4), num_dropout_levels=1),
    "generator-instance": lambda: UNetGenerator(channels=(4, 4), num_dropout_levels=1, norm="instance"),
    "generator-film": lambda: ConditionalUNetGenerator(channels=(4, 4), num_dropout_levels=1),
    "discriminator": lambda: ImageDiscriminator(channels=(4, 4), norm="batch"),
    "resnet": lambda: ResNetTaskNetwork(block_inplanes=(4, 4, 4, 4)),
    "patches": lambda: PatchTaskNetwork(channels=(4, 4)),
    "densenet": lambda: DenseNetTaskNetwork(block_config=(2, 2)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_seed_alone_decides_every_parameter(name: str) -> None:
    network = NETWORKS[name]()
    for parameter in network.parameters():
        nn.init.constant_(parameter, float("nan"))
    before = torch.random.get_rng_state()
    assert initialise(network, seed=5) is network
    assert torch.equal(torch.random.get_rng_state(), before)
    twin, other = initialise(NETWORKS[name](), seed=5), initialise(NETWORKS[name](), seed=6)
    for key, parameter in network.named_parameters():
        assert parameter.isfinite().all(), key
        assert torch.equal(parameter, twin.get_parameter(key)), key
    assert not all(torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True))


def test_draws_have_the_moments_of_pix2pix() -> None:
    network = initialise(
        nn.Sequential(nn.Conv2d(64, 64, 4), nn.BatchNorm2d(20_000), nn.Linear(200, 200)), seed=0
    )
    for layer, mean in zip(network, (0.0, 1.0, 0.0), strict=True):
        assert layer.weight.mean().item() == pytest.approx(mean, abs=6e-4)
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.03)
        assert not layer.bias.any()


def test_layers_without_weights_are_left_alone() -> None:
    network = nn.Sequential(nn.InstanceNorm2d(3), nn.Conv2d(3, 3, 1, bias=False), nn.ReLU())
    assert initialise(network, seed=0)[0].weight is None


def test_part_that_starts_itself_does_so_within_any_network() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.ModuleDict({"film": FiLM(3, [5])}), nn.Linear(3, 3))
    initialise(network, seed=0, std=0.02)
    film = network[1]["film"]
    assert not any(parameter.any() for parameter in film.levels.parameters())
    assert film.embedding.weight.std() > 0.5
    assert 0.005 < network[2].weight.std() < 0.05
