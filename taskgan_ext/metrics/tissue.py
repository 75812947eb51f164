"""How tissues and lesions of an MR image stand against each other: means, contrast and a threshold."""

import math

import torch
from torch import Tensor


def mean_inside(volume: Tensor, mask: Tensor) -> float:
    """Mean over a mask.

    Args:
        volume: x, any shape.
        mask: boolean, same shape.

    Returns:
        The mean in the unit of the volume; NaN for an empty mask.
    """
    return float(volume[mask].mean(dtype=torch.float64))


def contrast(volume: Tensor, mask: Tensor, background: Tensor) -> float:
    """Contrast of a tissue to another one, ``mean over the mask / mean over the background``.

    Args:
        volume: x, any shape; a common factor cancels.
        mask: boolean, same shape, such as lesions.
        background: boolean, same shape, such as white matter.

    Returns:
        1 where both are equally bright; NaN where either is empty or the background has no signal.
    """
    below = mean_inside(volume, background)
    return mean_inside(volume, mask) / below if below > 0 else math.nan


def brighter_fraction(volume: Tensor, mask: Tensor, background: Tensor) -> float:
    """Share of the voxels of a mask that are brighter than the mean of a background.

    Args:
        volume: x, any shape; a common factor cancels.
        mask: boolean, same shape, such as cerebrospinal fluid.
        background: boolean, same shape, such as white matter.

    Returns:
        0 to 1; NaN where either is empty.
    """
    level = mean_inside(volume, background)
    return math.nan if math.isnan(level) else float((volume[mask] > level).sum() / mask.sum())


def best_threshold(values: Tensor, truth: Tensor) -> float:
    """Threshold on values that finds a set of voxels with the highest Dice coefficient.

    Args:
        values: shape ``(N,)``.
        truth: boolean, shape ``(N,)``, with at least one voxel; assumed to be the bright ones.

    Returns:
        t for ``values >= t``, one of the values; the highest of several that are equally good.
    """
    ordered, order = values.sort(descending=True)
    hits = truth[order].cumsum(0)
    # 2 hits / (found + true) after taking 1, 2, ... of the brightest voxels; equal ones come together
    found = torch.arange(1, len(values) + 1, device=values.device)
    last_of_equals = torch.cat([ordered[1:] != ordered[:-1], truth.new_ones(1)])
    coefficient = torch.where(last_of_equals, 2.0 * hits / (found + truth.sum()), -1.0)
    return float(ordered[coefficient.argmax()])


def dice(found: Tensor, truth: Tensor) -> float:
    """Dice coefficient of two sets of voxels, ``2 |A and B| / (|A| + |B|)``.

    Args:
        found: boolean, any shape.
        truth: boolean, same shape.

    Returns:
        0 (nothing in common) to 1 (equal); NaN where both are empty.
    """
    return float(2.0 * (found & truth).sum() / (found.sum() + truth.sum()))
