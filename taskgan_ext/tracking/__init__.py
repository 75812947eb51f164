"""What a run leaves in an experiment store: an MLflow run of its own, and the bundle as a registered model."""
