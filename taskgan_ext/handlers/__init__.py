"""Ignite handlers that MONAI does not have."""

from taskgan_ext.handlers.classification_table import ClassificationTable
from taskgan_ext.handlers.evaluation_table import EvaluationTable
from taskgan_ext.handlers.load_weights import LoadWeights, load_weights
from taskgan_ext.handlers.progress import Progress
from taskgan_ext.handlers.starting_weights import StartingWeights, start_digest
from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint, load_checkpoint
from taskgan_ext.handlers.training_record import TrainingRecord
from taskgan_ext.handlers.training_subjects import TrainingSubjects

__all__ = [
    "ClassificationTable",
    "EvaluationTable",
    "LoadWeights",
    "Progress",
    "StartingWeights",
    "TrainingCheckpoint",
    "TrainingRecord",
    "TrainingSubjects",
    "load_checkpoint",
    "load_weights",
    "start_digest",
]
