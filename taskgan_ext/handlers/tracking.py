"""Give MONAI's experiment tracking what it does not find out by itself."""

import os
import re
import time
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
    models = [
        path for handler in handlers if isinstance(handler, TrainingCheckpoint) for path in handler.exports
    ]
    for handler in handlers:
        if hasattr(handler, "experiment_param") and handler.experiment_param is None:
            handler.experiment_param = dict(hyperparameters)
            handler.output_transform = loss_terms
            handler.artifacts = (*(_as_path(each) for each in handler.artifacts if each), *models)


def run_name() -> str:
    """Name a run by the time of its start.

    With a name of its own a run never continues one that was left unfinished in the same experiment.

    Returns:
        Such as ``run 2026-01-31 12:00:00``.
    """
    return time.strftime("run %Y-%m-%d %H:%M:%S")


def _as_path(artifact: str | os.PathLike[str]) -> str:
    # MONAI appends the file name to output_dir as an expression even if that is a plain text, as it is when
    # given on the command line: "out + '/config_20260131_120000.json'".
    return re.sub(r"^(.*) \+ '(/config_[0-9_]+\.json)'$", r"\1\2", os.fspath(artifact))
