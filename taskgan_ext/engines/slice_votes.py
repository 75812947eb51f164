"""Let every slice of a volume vote on its class."""

import torch
from torch import Tensor, nn

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.metrics.task import slice_scores, slices_with_brain
from taskgan_ext.networks.patch_task_network import FOREGROUND, foreground_scale


class SliceVotes:
    """The inferer of an evaluator that classifies volumes by a task network for slices.

    Where there is no brain mask, foreground tells the slices that may vote: what exceeds 0.15 of the 90th
    percentile of the volume's foreground, as ``PatchTaskNetwork`` tells it in a slice. Slices above the head
    hold none of it, and those of its top, which show skin and bone, less than others. Compared with the slice
    that holds most, the rule is the same for any field of view, with a skull or without.

    Args:
        min_foreground: smallest area of foreground in a slice that votes, as a share of the area in the slice
            that holds most.
        batch_size: slices in one call of the network.
    """

    def __init__(self, min_foreground: float = 0.5, batch_size: int = 64) -> None:
        self.min_foreground = min_foreground
        self.batch_size = batch_size

    def __call__(self, inputs: Tensor, network: nn.Module) -> Tensor:
        """Score the slices of a volume.

        Args:
            inputs: magnitudes in any unit, shape ``(1, 1, X, Y, Z)``: a batch of one volume.
            network: called on ``(S, 1, X, Y)``; gives an object with ``.logit`` of shape ``(S, n)``.

        Returns:
            Probability of each class, shape ``(1, S, n)``, for the S slices that vote; ``(1, 0, 0)``
            for a volume that is zero everywhere.
        """
        volume = plain_tensor(inputs)
        above = volume > FOREGROUND * foreground_scale(volume, FOREGROUND)
        (mask,), (image,) = above, volume
        largest = float(mask.to(torch.float64).mean(dim=(0, 1, 2)).max())
        if largest == 0:
            return volume.new_zeros(1, 0, 0)
        voting = image[..., slices_with_brain(mask, self.min_foreground * largest)]
        with torch.no_grad():
            return slice_scores(network, voting, batch_size=self.batch_size).unsqueeze(0)
