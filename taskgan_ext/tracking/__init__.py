"""What a run leaves in an experiment store: an MLflow run, and the bundle as a registered model."""

from taskgan_ext.tracking.run_check import RunCheck
from taskgan_ext.tracking.track_evaluation import TrackEvaluation
from taskgan_ext.tracking.track_training import TrackTraining
from taskgan_ext.tracking.tracked_run import TrackedRun

__all__ = ["RunCheck", "TrackEvaluation", "TrackTraining", "TrackedRun"]
