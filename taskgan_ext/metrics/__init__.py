"""Metrics: image quality, uptake and the task, as functions, MONAI metrics and measures of an evaluation."""

from taskgan_ext.metrics.image_quality import nrmse, psnr, rmse, ssim
from taskgan_ext.metrics.measures.image_quality import ImageQuality
from taskgan_ext.metrics.measures.quantitative_error import QuantitativeError
from taskgan_ext.metrics.measures.regional_uptake import RegionalUptake
from taskgan_ext.metrics.measures.task_decision import TaskDecision
from taskgan_ext.metrics.slice_metrics import SliceNRMSE, SlicePSNR, SliceSSIM
from taskgan_ext.metrics.slice_protocol import slice_quality
from taskgan_ext.metrics.uptake import regional_suvr

__all__ = [
    "ImageQuality",
    "QuantitativeError",
    "RegionalUptake",
    "SliceNRMSE",
    "SlicePSNR",
    "SliceSSIM",
    "TaskDecision",
    "nrmse",
    "psnr",
    "regional_suvr",
    "rmse",
    "slice_quality",
    "ssim",
]
