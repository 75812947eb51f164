"""The file beside a checkpoint that says which run of which store it belongs to."""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json, write_json

FILE = "mlflow_run.json"


@dataclass
class RunRecord:
    """Which run a training belongs to.

    Attributes:
        run_id: identifier of the run.
        run_name: its name.
        store: address of the store, without user and password.
        experiment: name of the experiment.
        status: ``RUNNING``, ``FINISHED``, ``FAILED`` or ``KILLED``.
        epochs: finished epochs by stage of the training that the run has seen.
        missing: number of things by kind that did not reach the store.
    """

    run_id: str
    run_name: str
    store: str
    experiment: str
    status: str = "RUNNING"
    epochs: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)


def read_record(folder: str | os.PathLike[str]) -> RunRecord | None:
    """Read the record of a folder.

    Args:
        folder: of the checkpoint.

    Returns:
        The record, or ``None`` where there is none.

    Raises:
        DataError: the file cannot be read.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    content: dict[str, Any] = read_json(path)
    try:
        return RunRecord(**content)
    except TypeError as error:
        raise DataError(f"{path}: expected the record of a run ({error}). Delete it") from None


def write_record(record: RunRecord, folder: str | os.PathLike[str]) -> None:
    """Write a record, whole or not at all.

    Args:
        record: of a run.
        folder: of the checkpoint.
    """
    write_json(Path(folder) / FILE, asdict(record))
