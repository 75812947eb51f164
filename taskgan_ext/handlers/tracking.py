"""Give MONAI's experiment tracking what it does not find out by itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint


def complete_tracking(
    handlers: Sequence[Any], hyperparameters: Mapping[str, Any], loss_terms: Callable[[Any], dict[str, float]]
) -> None:
    """Let an ``MLFlowHandler`` without parameters of its own log settings, every loss and the checkpoint.

    ``--tracking mlflow`` adds a handler that knows one loss and neither settings nor weights. A handler that
    was configured with ``experiment_param`` is left alone.

    Args:
        handlers: the handlers of a trainer; only ``MLFlowHandler`` is changed, recognised by its attributes
            so that mlflow stays an optional package.
        hyperparameters: logged as the parameters of the run.
        loss_terms: takes the named losses out of an engine's output.
    """
    models = [handler.model_path for handler in handlers if isinstance(handler, TrainingCheckpoint)]
    for handler in handlers:
        if hasattr(handler, "experiment_param") and handler.experiment_param is None:
            handler.experiment_param = dict(hyperparameters)
            handler.output_transform = loss_terms
            handler.artifacts = (*handler.artifacts, *models)
