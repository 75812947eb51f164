"""Measures of an evaluation, picked in the configuration; each gives named columns for one arm of a case."""

from taskgan_ext.metrics.measures.image_quality import ImageQuality
from taskgan_ext.metrics.measures.quantitative_error import QuantitativeError
from taskgan_ext.metrics.measures.regional_uptake import RegionalUptake
from taskgan_ext.metrics.measures.task_decision import TaskDecision

__all__ = ["ImageQuality", "QuantitativeError", "RegionalUptake", "TaskDecision"]
