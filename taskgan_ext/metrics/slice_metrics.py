"""The paper's image quality as MONAI metrics, for validation loops (``IgniteMetricHandler``)."""

from abc import abstractmethod

import torch
from monai.metrics import CumulativeIterationMetric
from torch import Tensor

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.metrics.image_quality import nrmse, psnr, ssim
from taskgan_ext.metrics.slice_protocol import Normalise, SlicePairs, Slices, pair_slices


class SliceMetric(CumulativeIterationMetric):
    """Mean over slices, then over channels, then over the cases of an epoch.

    Call with ``y_pred`` and ``y`` of shape ``(B, C, X, Y)`` or ``(B, C, X, Y, Z)``, or with lists of the same
    without B. A 2D image is one slice. A case whose target is empty gives NaN and is left out of the mean.

    Args:
        slices: first and last slice (inclusive) of a volume, ``None`` for all.
        normalise: as in ``slice_quality``; a 2D image is normalised on its own.
        data_range: one range for all slices, or ``None`` for ``max(max(y), 1)`` of each.
    """

    def __init__(
        self, slices: Slices = None, normalise: Normalise = "mean", data_range: float | None = None
    ) -> None:
        super().__init__()
        self.slices = slices
        self.normalise = normalise
        self.data_range = data_range

    @abstractmethod
    def _of_slices(self, pairs: SlicePairs) -> Tensor:
        """Value of each slice, shape ``(S,)``."""

    def _compute_tensor(self, y_pred: Tensor, y: Tensor | None = None, **_: object) -> Tensor:
        if y is None or y_pred.shape != y.shape or y_pred.ndim not in (4, 5):
            shape = None if y is None else tuple(y.shape)
            raise ValueError(
                f"expected y_pred and y of one shape (B, C, X, Y[, Z]), got {tuple(y_pred.shape)} and {shape}"
            )
        if y.ndim == 4:
            y_pred, y = y_pred.unsqueeze(-1), y.unsqueeze(-1)
        values = [
            torch.stack([self._of_volume(x_c, y_c) for x_c, y_c in zip(x_b, y_b, strict=True)]).nanmean()
            for x_b, y_b in zip(plain_tensor(y_pred), plain_tensor(y), strict=True)
        ]
        return torch.stack(values).unsqueeze(1)

    def _of_volume(self, pred: Tensor, target: Tensor) -> Tensor:
        slices = self.slices if target.shape[-1] > 1 else None
        pairs = pair_slices(pred, target, slices, normalise=self.normalise, data_range=self.data_range)
        return self._of_slices(pairs).mean() if len(pairs.pred) else pairs.target.new_tensor(float("nan"))

    def aggregate(self) -> Tensor:
        """Mean over the cases seen since the last reset.

        Returns:
            Scalar; NaN when no case had a target.
        """
        values = self.get_buffer()
        return torch.tensor(float("nan")) if values is None else values.nanmean()


class SlicePSNR(SliceMetric):
    """PSNR in dB by the protocol of ``slice_quality``."""

    def _of_slices(self, pairs: SlicePairs) -> Tensor:
        return psnr(pairs.pred, pairs.target, pairs.data_range)


class SliceSSIM(SliceMetric):
    """SSIM by the protocol of ``slice_quality``."""

    def _of_slices(self, pairs: SlicePairs) -> Tensor:
        return ssim(pairs.pred, pairs.target, pairs.data_range)


class SliceNRMSE(SliceMetric):
    """NRMSE by the protocol of ``slice_quality``: the column "RMSE" of the paper's Table 2 for PET."""

    def _of_slices(self, pairs: SlicePairs) -> Tensor:
        return nrmse(pairs.pred, pairs.target)
