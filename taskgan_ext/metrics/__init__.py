"""Metrics: image quality, tissues, uptake and the task, as functions, engine metrics and measures."""

from taskgan_ext.metrics.image_quality import nrmse, psnr, rmse, ssim
from taskgan_ext.metrics.masked_metrics import MaskedPSNR
from taskgan_ext.metrics.masked_quality import masked_psnr, masked_range, masked_rmse, masked_ssim
from taskgan_ext.metrics.measures.face_verification import FaceVerification
from taskgan_ext.metrics.measures.flair_artefact import FlairArtefact
from taskgan_ext.metrics.measures.image_quality import ImageQuality
from taskgan_ext.metrics.measures.lesion_fidelity import LesionFidelity
from taskgan_ext.metrics.measures.masked_image_quality import MaskedImageQuality
from taskgan_ext.metrics.measures.picture_quality import PictureQuality
from taskgan_ext.metrics.measures.quantitative_error import QuantitativeError
from taskgan_ext.metrics.measures.regional_uptake import RegionalUptake
from taskgan_ext.metrics.measures.task_decision import TaskDecision
from taskgan_ext.metrics.measures.tissue_error import TissueError
from taskgan_ext.metrics.slice_metrics import SliceNRMSE, SlicePSNR, SliceSSIM
from taskgan_ext.metrics.slice_protocol import slice_quality
from taskgan_ext.metrics.uptake import regional_suvr

__all__ = [
    "FaceVerification",
    "FlairArtefact",
    "ImageQuality",
    "LesionFidelity",
    "MaskedImageQuality",
    "MaskedPSNR",
    "PictureQuality",
    "QuantitativeError",
    "RegionalUptake",
    "SliceNRMSE",
    "SlicePSNR",
    "SliceSSIM",
    "TaskDecision",
    "TissueError",
    "masked_psnr",
    "masked_range",
    "masked_rmse",
    "masked_ssim",
    "nrmse",
    "psnr",
    "regional_suvr",
    "rmse",
    "slice_quality",
    "ssim",
]
