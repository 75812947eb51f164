import pytest
import torch

from taskgan_ext.losses.pixel import PixelLoss, pixel_loss


def test_known_value() -> None:
    assert pixel_loss(torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, 1.0]])).item() == 2.0


def test_images_that_would_broadcast_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(2, 1, 4, 4\) restored and \(2, 4, 4\) target"):
        PixelLoss()(torch.zeros(2, 1, 4, 4), torch.zeros(2, 4, 4))
