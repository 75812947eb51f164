"""Measure: PSNR, SSIM and RMSE of pictures in [0, 1]."""

from torch import Tensor

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.evaluation_files import MetricInfo
from taskgan_ext.metrics.image_quality import nrmse, psnr, rmse, ssim
from taskgan_ext.metrics.measures.quality_info import nrmse_info, psnr_info, rmse_info, ssim_info


class PictureQuality(Measure):
    """Image quality of a grey or colour picture, with the definitions that give the paper's input of faces.

    The values of Table 2 for the degraded LFW faces are met by range 1, the uniform 7x7 window and, under the
    name of RMSE, the relative error ``||x - y|| / ||y||``. The columns have the names of those of
    ``ImageQuality``, which follows the paper's protocol for PET; an evaluation uses one of the two.
    """

    judges_reference = False

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """PSNR, SSIM with both windows, NRMSE and RMSE; errors are taken over all channels together.

        Raises:
            ConfigError: the image has several slices.
        """
        if case.label.ndim == 4 and case.label.shape[-1] != 1:
            raise ConfigError(
                f"{case.subject}: expected a picture, which is one slice, got a volume of "
                f"{tuple(case.label.shape)}; use ImageQuality"
            )
        x, y = (image.reshape(image.shape[:3]) for image in (volume, case.label))
        # One tall image of all channels: a mean over channels would average decibels.
        x_all, y_all = x.flatten(0, 1), y.flatten(0, 1)
        return {
            "psnr": float(psnr(x_all, y_all, 1.0)),
            "ssim": float(ssim(x, y, 1.0).mean()),
            "nrmse": float(nrmse(x_all, y_all)),
            "rmse": float(rmse(x_all, y_all)),
            "ssim_gaussian": float(ssim(x, y, 1.0, win_size=11, sigma=1.5).mean()),
        }

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definitions with range and windows spelled out."""
        return {
            "psnr": psnr_info(
                "10 log10(1 / mean((x - y)^2)), pictures in [0, 1], over all pixels and channels."
            ),
            "ssim": ssim_info(
                "Structural similarity, uniform 7x7 window, K1 0.01, K2 0.03, sample covariance, "
                "range 1; mean over the windows inside the picture, then over channels."
            ),
            "nrmse": nrmse_info(
                "||x - y|| / ||y||, Euclidean, over all pixels and channels; the paper's RMSE."
            ),
            "rmse": rmse_info("sqrt(mean((x - y)^2)), pictures in [0, 1], over all pixels and channels."),
            "ssim_gaussian": MetricInfo(
                title="SSIM, Gaussian window",
                better="higher",
                definition="As SSIM, with a Gaussian 11x11 window, sigma 1.5, and the population covariance.",
            ),
        }
