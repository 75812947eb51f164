"""Image quality inside a mask as an Ignite metric, for validation loops."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from ignite.metrics import Metric
from ignite.metrics.metric import reinit__is_reduced, sync_all_reduce
from torch import Tensor

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.metrics.masked_quality import masked_psnr, masked_range


class MaskedPSNR(Metric):
    """PSNR in dB over a mask as ``MaskedImageQuality`` defines it, then the mean over the cases of an epoch.

    The output is ``(pred, label, mask)``, as ``from_engine`` takes it: each of shape ``(B, C, X, Y)`` or
    ``(B, C, X, Y, Z)``, or a list of such without B. MONAI's ``IgniteMetricHandler`` passes two images only,
    so this is given to the evaluator as it is. An evaluator leaves the mask in its batch; a postprocessing
    ``CopyItemsd(keys="mask", names="brain")`` brings it into the output as ``brain``. A case whose mask is
    empty, or whose target is zero there, is left out of the mean.

    Args:
        percentile: percentile of the target inside the mask that is the data range.
        output_transform: gives ``(pred, label, mask)`` from ``engine.state.output``.
        device: where the sums are kept.
    """

    def __init__(
        self,
        percentile: float = 99.5,
        output_transform: Callable[[Any], Any] = lambda output: output,
        device: str | torch.device = "cpu",
    ) -> None:
        self.percentile = percentile
        # Ignite would take lists of cases apart by itself, but in pairs.
        super().__init__(output_transform=output_transform, device=device, skip_unrolling=True)

    @reinit__is_reduced
    def reset(self) -> None:
        """Forget the cases of the last epoch."""
        self._sum = torch.zeros((), dtype=torch.float64, device=self._device)
        self._count = 0

    @reinit__is_reduced
    def update(self, output: tuple[Iterable[Tensor], Iterable[Tensor], Iterable[Tensor]]) -> None:
        """Add the cases of one iteration.

        Args:
            output: restored images, target images and masks.
        """
        for pred, label, mask in zip(*output, strict=True):
            value = self._of_case(*(plain_tensor(volume).detach() for volume in (pred, label, mask)))
            if not value.isnan():
                self._sum += value.to(self._device)
                self._count += 1

    def _of_case(self, pred: Tensor, label: Tensor, mask: Tensor) -> Tensor:
        inside = (mask > 0).expand_as(label)
        return masked_psnr(pred, label, inside, masked_range(label, inside, self.percentile))

    @sync_all_reduce("_sum", "_count")
    def compute(self) -> float:
        """Mean over the cases seen since the last reset.

        Returns:
            Decibel; NaN when no case counts.
        """
        return float(self._sum / self._count) if self._count else float("nan")
