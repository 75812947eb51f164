"""Give the handler of ``--tracking mlflow``, MONAI's own, what it does not find out by itself."""

import os
import re
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
            handler.artifacts = (*(executed_config(each) for each in handler.artifacts if each), *models)


def executed_config(path: str | os.PathLike[str]) -> str:
    """Give the file of the executed configuration, ``save_execute_config`` after MONAI has changed it.

    MONAI appends the file name to ``output_dir`` as an expression even if that is a plain text, as it is when
    given on the command line: ``out + '/config_20260131_120000.json'``.

    Args:
        path: the value of ``save_execute_config``.

    Returns:
        The path.
    """
    return re.sub(r"^(.*) \+ '(/config_[0-9_]+\.json)'$", r"\1\2", os.fspath(path))
