"""Overlap of what T finds with what is there."""

import pytest
import torch

from taskgan_ext.errors import ConfigError
from taskgan_ext.losses.segmentation import segmentation_loss, soft_dice_loss
from taskgan_ext.losses.task_regression import TaskLoss, task_feature_loss
from taskgan_ext.networks.network_output import NetworkOutput, SegmentingOutput


def output(seed, segments=True):
    generator = torch.Generator().manual_seed(seed)
    features = [torch.rand(2, 3, 4, 4, generator=generator, dtype=torch.float64)]
    segmentation = (
        torch.randn(2, 1, 8, 8, generator=generator, dtype=torch.float64) if segments else torch.zeros(0)
    )
    return SegmentingOutput(torch.randn(2, 6, generator=generator), features, segmentation)


def disc(batch=2):
    mask = torch.zeros(batch, 1, 16, 16)
    mask[:, :, 4:8, 4:10] = 1
    return mask


def test_equal_masks_overlap_wholly_and_disjoint_ones_hardly():
    mask = disc()
    assert float(soft_dice_loss(mask, mask)) == pytest.approx(0, abs=1e-6)
    assert float(soft_dice_loss(mask, mask.flip(-1).flip(-2))) == pytest.approx(1, abs=0.02)


def test_nothing_found_where_nothing_is_has_no_loss():
    empty = torch.zeros(2, 1, 8, 8)
    assert float(soft_dice_loss(empty, empty)) == 0


def test_overlap_is_that_of_dice_by_hand():
    found, wanted = torch.zeros(1, 1, 10, 10), torch.zeros(1, 1, 10, 10)
    found[..., :10, :6], wanted[..., :10, 3:] = 1, 1
    assert float(soft_dice_loss(found, wanted)) == pytest.approx(1 - (2 * 30 + 1) / (60 + 70 + 1))


def test_a_coarse_pixel_is_a_lesion_where_a_fine_one_is():
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 5, 7] = 1
    right = torch.full((1, 1, 8, 8), -20.0)
    right[..., 2, 3] = 20
    assert float(segmentation_loss(right, mask)) == pytest.approx(0, abs=1e-3)
    assert float(segmentation_loss(-right, mask)) > 1


def test_learning_by_this_loss_finds_the_mask():
    mask = disc()
    logit = torch.zeros(2, 1, 8, 8, requires_grad=True)
    optimizer = torch.optim.Adam([logit], lr=0.3)
    for _ in range(60):
        optimizer.zero_grad()
        segmentation_loss(logit, mask).backward()
        optimizer.step()
    assert torch.equal(logit > 0, torch.nn.functional.max_pool2d(mask, 2) > 0)


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_task_loss_adds_the_weighted_overlap(weight):
    restored, reference = output(1), output(2)
    loss = TaskLoss("features", segmentation_weight=weight)(restored, reference, torch.tensor([0, 1]))
    overlap = soft_dice_loss(restored.segmentation.sigmoid(), reference.segmentation.sigmoid())
    features = task_feature_loss(restored.features, reference.features)
    torch.testing.assert_close(loss, features + weight * overlap)


def test_gradient_reaches_the_restored_image_alone():
    restored, reference = output(1), output(2)
    for each in (restored, reference):
        each.segmentation.requires_grad_()
    TaskLoss(segmentation_weight=1.0)(restored, reference, torch.tensor([0, 1])).backward()
    assert restored.segmentation.grad.any()
    assert reference.segmentation.grad is None


@pytest.mark.parametrize("plain", [output(1, segments=False), NetworkOutput(torch.zeros(2, 6), [])])
def test_a_network_that_does_not_segment_is_refused(plain):
    with pytest.raises(ConfigError, match="expected a task network that segments"):
        TaskLoss(segmentation_weight=1.0)(plain, plain, torch.tensor([0, 1]))


def test_negative_weight_is_refused():
    with pytest.raises(ConfigError, match="segmentation_weight"):
        TaskLoss(segmentation_weight=-1.0)
