"""The file beside a checkpoint that says which run of which store it belongs to."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json, write_json

FILE = "mlflow_run.json"
LAST_STAGE = "train"
"""The stage that completes a training."""


class Position(NamedTuple):
    """Where a stage of a training stands as it starts.

    Attributes:
        epoch: finished epochs.
        is_complete: whether none is left.
    """

    epoch: int
    is_complete: bool


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


def goes_on(record: RunRecord, stage: str, seen: Mapping[str, Position]) -> bool:
    """Tell whether a training goes on from where its run has stopped, and not anew.

    Args:
        record: of the run.
        stage: that starts.
        seen: where each stage stands that has started in this process.

    Returns:
        False where the state of the stage is gone that the run has seen, where nothing of the run is left,
        and where the run is finished but the stage is not.
    """
    epoch, is_complete = seen[stage]
    if record.status == "FINISHED" and not is_complete:
        return False
    if stage != LAST_STAGE and LAST_STAGE in record.epochs:
        return False
    if epoch:
        # A process can be killed between its first checkpoint and the note of it.
        return epoch == 1 or any(record.epochs.values())
    before = [other for other, position in seen.items() if position.epoch and record.epochs.get(other)]
    return stage not in record.epochs and bool(before)


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
