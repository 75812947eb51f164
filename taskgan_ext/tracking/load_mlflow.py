"""MLflow with settings that suit a training: no reports to its makers, short requests, few words."""

import logging
import os
from types import ModuleType

from taskgan_ext.io.optional_package import load_optional

_DEFAULTS = {
    # What Delivery tries again need not be tried for minutes by MLflow, whose defaults are 7, 2 and 120.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # The data of hospitals are at stake: MLflow reports its use to its makers only where somebody wants it.
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Settings of MLflow that the environment of the user counts more than."""


def load_mlflow() -> ModuleType:
    """Import MLflow, silent and with requests that soon give up.

    Returns:
        The module.

    Raises:
        DependencyError: it is not installed.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    mlflow = load_optional("mlflow", "tracking", "taskgan-ext[tracking]")
    load_optional("mlflow.telemetry", "tracking", "taskgan-ext[tracking]").set_telemetry_client()
    # One warning of ours stands for the many of each attempt; how the tables of a new data base are made
    # need not be read.
    for name in ("urllib3.connectionpool", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow
