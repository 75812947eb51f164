"""Engines: Task-GAN training, task-network training, and the step they are made of."""

from taskgan_ext.engines.prepare_batch import prepare_restoration_batch, prepare_task_batch
from taskgan_ext.engines.restoration_step import StepLosses, restoration_step
from taskgan_ext.engines.slice_votes import SliceVotes
from taskgan_ext.engines.task_gan_trainer import TaskGANTrainer
from taskgan_ext.engines.task_network_trainer import TaskNetworkTrainer

__all__ = [
    "SliceVotes",
    "StepLosses",
    "TaskGANTrainer",
    "TaskNetworkTrainer",
    "prepare_restoration_batch",
    "prepare_task_batch",
    "restoration_step",
]
