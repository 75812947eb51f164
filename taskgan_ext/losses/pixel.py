"""Eq. 1: the restored image agrees with the target pixel by pixel."""

import torch
from torch import Tensor

from taskgan_ext.losses.precision import full_precision


def pixel_loss(pred: Tensor, target: Tensor) -> Tensor:
    r"""Eq. 1 of Task-GAN, ``L_pixel = mean |x^ - x|``.

    Deviation: the paper sums over the pixels; the mean makes lambda and mu of eq. 4 independent of the image
    size and the batch size.

    Args:
        pred: the restored image x^, shape ``(B, C, ...)``.
        target: the target image x, same shape.

    Returns:
        The mean absolute difference, a scalar in the unit of the images.

    Raises:
        ValueError: the shapes differ; broadcasting would compare images of different cases.
    """
    if pred.shape != target.shape:
        raise ValueError(
            f"pixel loss: expected images of one shape, got {tuple(pred.shape)} restored and "
            f"{tuple(target.shape)} target"
        )
    return (full_precision(pred) - full_precision(target)).abs().mean()


class PixelLoss(torch.nn.Module):
    """:func:`pixel_loss` as a configurable component."""

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Compute eq. 1 for ``pred`` and ``target`` of one shape ``(B, C, ...)``."""
        return pixel_loss(pred, target)
