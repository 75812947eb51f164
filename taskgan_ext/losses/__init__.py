"""Losses: one function per equation of the paper, and a thin class for each that a configuration can build.

All are means over batch and features, so the weights of eq. 4 depend neither on the image size nor on the
batch. Losses know tensors only; what a task network returns is told by the protocol ``TaskOutput``.
"""

from taskgan_ext.losses.adversarial import DiscriminatorLoss, discriminator_loss
from taskgan_ext.losses.feature_matching import FeatureMatchingLoss, feature_matching_loss
from taskgan_ext.losses.objective import TaskGANObjective
from taskgan_ext.losses.pixel import PixelLoss, pixel_loss
from taskgan_ext.losses.task_embedding import task_embedding_loss
from taskgan_ext.losses.task_regression import (
    TaskLoss,
    TaskOutput,
    property_target,
    task_cross_entropy_loss,
    task_feature_loss,
    task_probabilities,
    task_regression_loss,
)

__all__ = [
    "DiscriminatorLoss",
    "FeatureMatchingLoss",
    "PixelLoss",
    "TaskGANObjective",
    "TaskLoss",
    "TaskOutput",
    "discriminator_loss",
    "feature_matching_loss",
    "pixel_loss",
    "property_target",
    "task_cross_entropy_loss",
    "task_embedding_loss",
    "task_feature_loss",
    "task_probabilities",
    "task_regression_loss",
]
