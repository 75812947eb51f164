"""Measure: PSNR, SSIM and NRMSE against the target."""

from typing import Any

import numpy as np
from torch import Tensor

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.io.evaluation_files import MetricInfo
from taskgan_ext.metrics.measures.quality_info import nrmse_info, psnr_info, rmse_info, ssim_info
from taskgan_ext.metrics.slice_protocol import Normalise, Slices, slice_quality

NORM_TEXT: dict[Normalise, str] = {
    "mean": "each volume divided by its mean over the voxels where the reference is > 0",
    "own_mean": "each volume divided by its mean over its own voxels > 0",
    "none": "no normalisation",
}


class ImageQuality(Measure):
    """Image quality slice by slice, then the mean over slices (see ``slice_quality``) and channels.

    With ``normalise="none"`` the plain RMSE is given too: the paper's MR column, on images in [0, 1].

    Args:
        slices: first and last slice (inclusive), ``None`` for all.
        norm_slices: first and last slice of the crop whose mean normalises a volume, ``None`` for all.
        normalise: ``mean``, ``own_mean`` or ``none``, as in ``slice_quality``.
        data_range: one range for all slices, ``None`` for ``max(max(y), 1)`` of each.
    """

    judges_reference = False

    def __init__(
        self,
        slices: Slices = None,
        norm_slices: Slices = None,
        normalise: Normalise = "mean",
        data_range: float | None = None,
    ) -> None:
        self.slices = slices
        self.norm_slices = norm_slices
        self.normalise = normalise
        self.data_range = data_range

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """PSNR, SSIM, NRMSE and how many slices they are taken over; RMSE without normalisation."""
        is_volume = case.label.ndim == 4
        x, y = (tensor if is_volume else tensor.unsqueeze(-1) for tensor in (volume, case.label))
        found = [
            slice_quality(
                x_c,
                y_c,
                self.slices if is_volume else None,
                norm_slices=self.norm_slices if is_volume else None,
                normalise=self.normalise,
                data_range=self.data_range,
            )
            for x_c, y_c in zip(x, y, strict=True)
        ]
        names = ["psnr", "ssim", "nrmse"] + (["rmse"] if self.normalise == "none" else [])
        values = {name: float(np.mean([getattr(quality, name) for quality in found])) for name in names}
        return values | {"empty_slices": float(sum(quality.num_empty for quality in found))}

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definitions with normalisation, range and slices spelled out."""
        norm = NORM_TEXT[self.normalise]
        span = (
            "range max(max(y), 1) of the slice" if self.data_range is None else f"range {self.data_range:g}"
        )
        over = "all slices" if self.slices is None else f"slices {self.slices[0]} to {self.slices[1]}"
        how = f"per slice, then mean over {over}; {norm}"
        infos = {
            "psnr": psnr_info(f"10 log10(range^2 / mean((x - y)^2)), {span}; {how}."),
            "ssim": ssim_info(
                "Structural similarity, uniform 7x7 window, K1 0.01, K2 0.03, sample covariance, "
                f"{span}; {how}."
            ),
            "nrmse": nrmse_info(f"||x - y|| / ||y||, Euclidean norm; {how}."),
        }
        if self.normalise == "none":
            infos["rmse"] = rmse_info(f"sqrt(mean((x - y)^2)); {how}.")
        infos["empty_slices"] = MetricInfo(
            title="Empty slices",
            digits=0,
            definition="Slices skipped because the target is zero everywhere.",
        )
        return infos

    @property
    def settings(self) -> dict[str, Any]:
        """Slices, normalisation and range."""
        return {
            "slices": _as_list(self.slices),
            "norm_slices": _as_list(self.norm_slices),
            "normalise": self.normalise,
            "data_range": "max(max(y), 1) of each slice" if self.data_range is None else self.data_range,
        }


def _as_list(slices: Slices) -> list[int] | None:
    return None if slices is None else list(slices)
