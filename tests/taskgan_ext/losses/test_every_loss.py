"""What holds for all losses between the restored image and its target."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from taskgan_ext.losses import (
    FeatureMatchingLoss,
    PixelLoss,
    TaskLoss,
    discriminator_loss,
    feature_matching_loss,
    pixel_loss,
    task_embedding_loss,
    task_feature_loss,
    task_regression_loss,
)
from taskgan_ext.losses.precision import full_precision
from taskgan_ext.networks import NetworkOutput

Distance = Callable[[Tensor, Tensor], Tensor]

DISTANCES: dict[str, Distance] = {
    "pixel": pixel_loss,
    "matching-batch": lambda x, y: feature_matching_loss([y], [x], per="batch", layers=[0]),
    "matching-sample": lambda x, y: feature_matching_loss([y], [x], per="sample", layers=[0]),
    "task-features": lambda x, y: task_feature_loss([x], [y]),
    "task-embedding": lambda x, y: task_embedding_loss(
        NetworkOutput(x[:, 0, 0], [x]), NetworkOutput(y[:, 0, 0], [y])
    ),
    "task-probabilities": lambda x, y: task_regression_loss(
        x[:, 0, 0, :1], torch.sigmoid(full_precision(y[:, 0, 0, 0]))
    ),
}
every_distance = pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES.keys())


def values(seed: int, batch: int = 3, size: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 2, size, size, generator=generator, dtype=torch.float64)


@every_distance
def test_zero_at_identity_and_positive_elsewhere(distance: Distance) -> None:
    assert distance(values(0), values(0)) == 0
    assert distance(values(0), values(1)) > 0


@every_distance
def test_scalar_whose_gradient_is_that_of_finite_differences(distance: Distance) -> None:
    restored, target = values(0, size=2).requires_grad_(), values(1, size=2)
    assert distance(restored, target).shape == ()
    assert torch.autograd.gradcheck(lambda x: distance(x, target), (restored,))


@every_distance
def test_value_does_not_depend_on_image_size_or_batch_size(distance: Distance) -> None:
    restored, target = values(0), values(1)
    expected = distance(restored, target)
    torch.testing.assert_close(distance(restored.repeat(1, 1, 2, 3), target.repeat(1, 1, 2, 3)), expected)
    torch.testing.assert_close(distance(restored.repeat(2, 1, 1, 1), target.repeat(2, 1, 1, 1)), expected)


@every_distance
def test_order_of_the_pairs_does_not_matter(distance: Distance) -> None:
    restored, target, order = values(0), values(1), torch.tensor([2, 0, 1])
    torch.testing.assert_close(distance(restored[order], target[order]), distance(restored, target))


@every_distance
def test_half_precision_is_compared_in_full(distance: Distance) -> None:
    restored, target = values(0).bfloat16(), values(1).bfloat16()
    found = distance(restored, target)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, distance(restored.float(), target.float()))


def test_classes_equal_functions() -> None:
    features = [values(0), values(1), values(2)]
    others = [values(3), values(4), values(5)]
    assert PixelLoss()(values(0), values(1)) == pixel_loss(values(0), values(1))
    assert FeatureMatchingLoss()(features, others) == feature_matching_loss(features, others)
    assert FeatureMatchingLoss([0, 1], "sample")(features, others) == feature_matching_loss(
        features, others, "sample", [0, 1]
    )


def test_losses_keep_no_state() -> None:
    for loss in (PixelLoss(), FeatureMatchingLoss(), TaskLoss("embedding")):
        assert not loss.state_dict()


def test_discriminator_loss_falls_as_the_logits_part() -> None:
    for kind in ("bce", "lsgan", "hinge"):
        undecided = discriminator_loss(torch.zeros(2, 1), torch.zeros(2, 1), kind)
        assert discriminator_loss(torch.full((2, 1), 0.5), torch.full((2, 1), -0.1), kind) < undecided
