"""Slices that show the head vote, each as if it were scored alone."""

from types import SimpleNamespace

import pytest
import torch
from monai.data import MetaTensor
from torch import nn

from taskgan_ext.engines.slice_votes import SliceVotes
from taskgan_ext.metrics.task import slice_scores
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.patch_task_network import PatchTaskNetwork

RADII = (0, 4, 9, 13, 14, 13, 8, 0)
"""Of the head in each slice; the area of the fifth is the largest, that of radius 9 is below half of it."""


@pytest.fixture(scope="module")
def network():
    network = initialise(PatchTaskNetwork(num_outputs=6), 0, std=None)
    generator = torch.Generator().manual_seed(1)
    for parameter in network.head.parameters():  # it starts at zero and would not tell slices apart
        nn.init.normal_(parameter, std=0.3, generator=generator)
    return network


def head(noise=0.02):
    generator = torch.Generator().manual_seed(0)
    place = torch.arange(32.0) - 15.5
    distance = torch.hypot(place[:, None], place[None])[..., None]
    inside = (distance < torch.tensor(RADII)).float()
    texture = 0.5 + torch.rand(32, 32, len(RADII), generator=generator)
    return (inside * texture + noise * torch.rand(32, 32, len(RADII), generator=generator))[None, None]


def test_slices_with_half_of_the_largest_area_vote(network):
    volume = head()
    chosen = volume[0, ..., [3, 4, 5]]
    torch.testing.assert_close(SliceVotes()(volume, network)[0], slice_scores(network, chosen).detach())


def test_a_smaller_share_lets_more_slices_vote(network):
    numbers = [SliceVotes(share)(head(), network).shape[1] for share in (1.0, 0.5, 0.3, 0.05)]
    assert numbers == [1, 3, 5, 6]


@pytest.mark.parametrize("scale", [1e-3, 1e4])
def test_unit_and_meta_data_do_not_matter(network, scale):
    scores = SliceVotes()(MetaTensor(scale * head()), network)
    assert type(scores) is torch.Tensor
    torch.testing.assert_close(scores, SliceVotes()(head(), network), atol=1e-4, rtol=0)


def test_a_wider_field_of_view_lets_as_many_slices_vote(network):
    wide = nn.functional.pad(head(0.0), (0, 0, 32, 32, 32, 32))
    assert SliceVotes()(wide, network).shape == SliceVotes()(head(0.0), network).shape


def test_probabilities_do_not_depend_on_the_batches_and_need_no_gradient(network):
    whole, parts = (SliceVotes(0.05, size)(head(), network) for size in (64, 2))
    torch.testing.assert_close(whole, parts)
    torch.testing.assert_close(whole.sum(dim=-1), torch.ones(1, 6))
    assert not whole.requires_grad


def test_a_volume_of_zeros_has_no_votes():
    def refuse(_):
        raise AssertionError("the network was called")

    network = nn.Module()
    network.forward = refuse
    assert SliceVotes()(torch.zeros(1, 1, 32, 32, 4), network).shape == (1, 0, 0)


def test_a_network_of_any_kind_may_vote():
    class Bright(nn.Module):
        def forward(self, x):
            return SimpleNamespace(
                logit=torch.stack([x.mean(dim=(1, 2, 3)), 1 - x.mean(dim=(1, 2, 3))], dim=1)
            )

    assert SliceVotes()(head(), Bright()).shape == (1, 3, 2)
