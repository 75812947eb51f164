"""Measure: PSNR, SSIM and RMSE inside the brain mask."""

from typing import Any

from torch import Tensor

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.errors import DataError
from taskgan_ext.io.evaluation_files import MetricInfo
from taskgan_ext.metrics.masked_quality import (
    masked_nrmse,
    masked_psnr,
    masked_range,
    masked_rmse,
    masked_ssim,
)
from taskgan_ext.metrics.measures.quality_info import nrmse_info, psnr_info, rmse_info, ssim_info


class MaskedImageQuality(Measure):
    """Image quality over the voxels of the brain mask of the whole volume; nothing for a case without mask.

    Nothing is normalised: a global scale of the restored image counts as an error. The columns have the
    names of those of ``ImageQuality``, which follows the paper's protocol for PET; an evaluation uses one of
    the two.

    Args:
        percentile: percentile of the reference inside the mask that is the data range.
    """

    judges_reference = False

    def __init__(self, percentile: float = 99.5) -> None:
        self.percentile = percentile

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """PSNR, SSIM, NRMSE, and RMSE on [0, 1].

        Raises:
            DataError: the mask has no voxel.
        """
        if case.mask is None:
            return {}
        x, y, mask = (
            image.unsqueeze(-1) if case.label.ndim == 3 else image
            for image in (volume, case.label, case.mask.expand_as(case.label))
        )
        if not mask.any():
            raise DataError(
                f"{case.subject}: expected voxels in the brain mask, found none; delete the mask to have it "
                "made again, or give another one"
            )
        span = masked_range(y, mask, self.percentile)
        return {
            "psnr": float(masked_psnr(x, y, mask, span)),
            "ssim": float(masked_ssim(x, y, mask, span)),
            "nrmse": masked_nrmse(x, y, mask),
            "rmse": float(masked_rmse(x, y, mask) / span),
        }

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definitions with mask and range spelled out."""
        span = f"range = percentile {self.percentile:g} of y in the brain mask"
        over = "over the voxels of the brain mask of the whole volume; no normalisation"
        return {
            "psnr": psnr_info(f"10 log10(range^2 / mean((x - y)^2)), {span}; {over}."),
            "ssim": ssim_info(
                "Structural similarity of each slice, uniform 7x7 window, K1 0.01, K2 0.03, "
                f"sample covariance, {span}; mean of the map {over}."
            ),
            "nrmse": nrmse_info(f"||x - y|| / ||y||, Euclidean norm; {over}.", headline=False),
            "rmse": rmse_info(f"sqrt(mean((x - y)^2)) / range, {span}; {over}."),
        }

    @property
    def settings(self) -> dict[str, Any]:
        """Percentile of the range."""
        return {"percentile": self.percentile}
