"""Ignite handler: whom the weights were trained on, beside the weights."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ignite.distributed as idist
from ignite.engine import Engine, Events

from taskgan_ext.data.training_subjects import write_training_subjects

_FILE = "training_subjects.json"


class TrainingSubjects:
    """Write ``training_subjects.json`` when the first epoch of a training ends.

    Put it before the handler that writes the weights: where they are, the record is. A run that is refused as
    it starts leaves the record as it was, and one that continues has the same training set.

    Args:
        folder: of the weights.
        data: items of the training section.
        start_dir: folder of the weights that the training starts from, whose subjects count too; empty for
            none.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        data: Sequence[dict[str, Any]],
        start_dir: str | os.PathLike[str] = "",
    ) -> None:
        self.path = Path(folder) / _FILE
        self.data = data
        self.before = Path(start_dir) / _FILE if start_dir else None

    def attach(self, engine: Engine) -> None:
        """Write once.

        Args:
            engine: a trainer.
        """
        if idist.get_rank() == 0:
            engine.add_event_handler(Events.EPOCH_COMPLETED(once=1), self._write)

    def _write(self) -> None:
        write_training_subjects(self.data, self.path, self.before)
