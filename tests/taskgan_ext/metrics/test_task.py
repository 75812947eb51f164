from types import SimpleNamespace

import pytest
import torch
from torch import nn

from taskgan_ext.metrics.task import (
    decide,
    slice_error,
    slice_mae,
    slice_scores,
    slices_with_brain,
)


class MeanLogit(nn.Module):
    """Logit = mean of the slice; refuses to run in training mode."""

    def forward(self, x):
        assert not self.training
        return SimpleNamespace(logit=x.mean(dim=(2, 3)))


def test_each_slice_is_scored_in_network_units():
    volume = torch.tensor([-2.0, 0.0, 4.0]).expand(1, 5, 5, 3) * 10
    network = MeanLogit().train()
    scores = slice_scores(network, volume, scale=10.0, batch_size=2)
    torch.testing.assert_close(scores, torch.tensor([-2.0, 0.0, 4.0]).sigmoid().unsqueeze(1))
    assert network.training


def test_only_the_wanted_slices_are_scored():
    volume = torch.arange(6.0).expand(1, 4, 4, 6)
    torch.testing.assert_close(
        slice_scores(MeanLogit(), volume, slices=(2, 3))[:, 0], torch.tensor([2.0, 3.0]).sigmoid()
    )


def test_slices_are_chosen_by_their_share_of_brain():
    mask = torch.zeros(1, 5, 4, 3, dtype=torch.bool)
    mask[:, :2, 0, 1] = mask[:, :, :, 2] = True
    assert slices_with_brain(mask, 0.1).tolist() == [False, True, True]
    assert slices_with_brain(mask, 0.11).tolist() == [False, False, True]
    assert slices_with_brain(mask, 0.0).all()


def test_a_flat_image_is_one_slice_with_a_probability_for_each_class():
    image = torch.tensor([1.0, 2.0, 5.0]).view(3, 1, 1).expand(3, 4, 4)
    scores = slice_scores(MeanLogit(), image)
    assert scores.shape == (1, 3)
    assert scores.sum().item() == pytest.approx(1)
    assert decide(scores) == 2


@pytest.mark.parametrize(("values", "expected"), [([0.9, 0.2, 0.4], 1), ([0.9, 0.2, 0.3], 0)])
def test_volume_is_decided_by_the_mean_score(values, expected):
    assert decide(torch.tensor(values).unsqueeze(1)) == expected


def test_slice_errors_by_hand():
    scores = torch.tensor([[0.9], [0.4], [0.6]])
    assert slice_mae(scores, 1.0) == pytest.approx((0.1 + 0.6 + 0.4) / 3)
    assert slice_mae(scores, 0.5) == pytest.approx((0.4 + 0.1 + 0.1) / 3)
    assert slice_error(scores, 1) == pytest.approx(1 / 3)


def test_several_classes_by_hand():
    scores = torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3]])
    assert slice_mae(scores, 1.0) == pytest.approx(1 - 0.3)
    assert slice_error(scores, 0) == pytest.approx(0.5)
    assert decide(scores) == 0
