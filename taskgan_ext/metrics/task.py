"""How well a task network still reads the property from a volume (Table 3 of the paper)."""

from typing import Any

import torch
from monai.networks.utils import eval_mode
from torch import Tensor, nn

from taskgan_ext.metrics.slice_protocol import Slices, cut_slices


def slice_scores(
    network: nn.Module, volume: Tensor, scale: float = 1.0, slices: Slices = None, batch_size: int = 64
) -> Tensor:
    """Probabilities that a task network gives to each slice.

    Args:
        network: called on ``(S, C, X, Y)``; its output has ``.logit`` of shape ``(S, 1)`` or ``(S, n)``.
        volume: shape ``(C, X, Y, Z)`` or ``(C, X, Y)``, in data units, on the device of the network.
        scale: data units per network unit; the volume is divided by it.
        slices: first and last slice (inclusive) of a volume, ``None`` for all.
        batch_size: slices in one call.

    Returns:
        Shape ``(S, 1)``, the probability of class 1, or ``(S, n)``, that of each class.
    """
    batch = volume.unsqueeze(0) if volume.ndim == 3 else cut_slices(volume, slices).movedim(-1, 0)
    with eval_mode(network):
        logits: list[Any] = [network(part / scale).logit for part in batch.split(batch_size)]
    logit = torch.cat(logits)
    return logit.sigmoid() if logit.shape[1] == 1 else logit.softmax(dim=1)


def slices_with_brain(mask: Tensor, min_mask: float) -> Tensor:
    """Choose the slices that show enough of the brain for a decision.

    Args:
        mask: boolean, shape ``(1, X, Y, Z)``.
        min_mask: smallest share of the pixels of a slice that the mask covers.

    Returns:
        Boolean, shape ``(Z,)``.
    """
    return mask[0].to(torch.float64).mean(dim=(0, 1)) >= min_mask


def slice_mae(scores: Tensor, target: float) -> float:
    """Mean absolute error of the score, ``mean |y - T(x)|`` over slices (Table 3, "MAE").

    Args:
        scores: ``(S, 1)`` or ``(S, n)`` probabilities.
        target: y: 0 to 1 for one column, the class index for n; then the error is ``1 - p_y``.

    Returns:
        0 (certain and right) to 1 (certain and wrong).
    """
    if scores.shape[1] == 1:
        return float((scores[:, 0] - target).abs().mean())
    return float(1.0 - scores[:, int(target)].mean())


def decide(scores: Tensor) -> int:
    """Decide the class of a volume from the mean score of its slices.

    Args:
        scores: ``(S, 1)`` or ``(S, n)`` probabilities.

    Returns:
        1 where the mean score is at least 0.5, else 0; for n columns the class of the largest mean.
    """
    mean = scores.mean(dim=0)
    return int(mean[0] >= 0.5) if len(mean) == 1 else int(mean.argmax())


def slice_error(scores: Tensor, target: int) -> float:
    """Share of the slices that are decided wrongly on their own.

    Args:
        scores: ``(S, 1)`` or ``(S, n)`` probabilities.
        target: the right class.

    Returns:
        0 to 1.
    """
    decided = (scores[:, 0] >= 0.5).to(torch.int64) if scores.shape[1] == 1 else scores.argmax(dim=1)
    return float((decided != target).to(torch.float64).mean())
