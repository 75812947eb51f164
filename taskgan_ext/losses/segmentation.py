"""Losses of a task network that also segments: the paper names segmentation as a variant of T."""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d, adaptive_max_pool3d, binary_cross_entropy_with_logits

from taskgan_ext.losses.global_batch import global_batch_sum
from taskgan_ext.losses.precision import full_precision

SMOOTHING = 1.0
"""Pixels: keeps the overlap of two empty maps at one."""


def soft_dice_loss(found: Tensor, wanted: Tensor) -> Tensor:
    r"""One minus the soft Dice coefficient, ``1 - (2 sum(p q) + s) / (sum(p^2) + sum(q^2) + s)``.

    Over the whole batch of all processes (Milletari et al., V-Net, 3DV 2016, section 3): slices without
    lesions then weigh by what is wrongly found in them, and few lesions weigh as much as many.

    Args:
        found: probabilities p, shape ``(B, 1, ...)``.
        wanted: probabilities or a mask q, same shape.

    Returns:
        A scalar from 0 to 1.
    """
    p, q = full_precision(found), full_precision(wanted)
    overlap, energy = global_batch_sum(torch.stack([2 * (p * q).sum(), p.square().sum() + q.square().sum()]))
    return 1 - (overlap + SMOOTHING) / (energy + SMOOTHING)


def segmentation_loss(logit: Tensor, mask: Tensor) -> Tensor:
    """Teach T to segment: soft Dice plus cross entropy.

    Args:
        logit: ``(B, 1, ...)``, on a grid that may be coarser than that of the mask.
        mask: above zero inside, ``(B, 1, ...)``; a coarse pixel is inside where any of its fine pixels is.

    Returns:
        A scalar.
    """
    logit = full_precision(logit)
    pool = adaptive_max_pool2d if logit.ndim == 4 else adaptive_max_pool3d
    inside = pool((mask > 0).to(logit.dtype), logit.shape[2:])
    return soft_dice_loss(torch.sigmoid(logit), inside) + binary_cross_entropy_with_logits(logit, inside)
