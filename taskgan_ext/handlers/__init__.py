"""Ignite handlers that MONAI does not have."""

from taskgan_ext.handlers.loss_history import LossHistory
from taskgan_ext.handlers.progress import Progress
from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint, load_checkpoint

__all__ = ["LossHistory", "Progress", "TrainingCheckpoint", "load_checkpoint"]
