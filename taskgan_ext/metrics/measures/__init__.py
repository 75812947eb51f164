"""Measures of an evaluation, picked in the configuration; each gives named columns for one arm of a case."""

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

__all__ = [
    "FaceVerification",
    "FlairArtefact",
    "ImageQuality",
    "LesionFidelity",
    "MaskedImageQuality",
    "PictureQuality",
    "QuantitativeError",
    "RegionalUptake",
    "TaskDecision",
    "TissueError",
]
