"""The losses and validation metrics of every epoch as a table on disk."""

import csv
import os
from pathlib import Path

import ignite.distributed as idist
from ignite.engine import Engine, Events

from taskgan_ext.io.atomic import atomic_path


class LossHistory:
    """Write one row an epoch: the means in ``state.metrics``, and validation metrics where there are some.

    A resumed run keeps the rows of the epochs that it does not repeat.

    Args:
        path: CSV file with the columns ``epoch``, the losses, and ``val_<metric>``.
        validator: the engine that a ``ValidationHandler`` earlier in the list runs; its metrics are taken in
            the epochs in which it ran.
    """

    def __init__(self, path: str | os.PathLike[str], validator: Engine | None = None) -> None:
        self.path = Path(path)
        self.validator = validator

    def attach(self, engine: Engine) -> None:
        """Write when epochs end.

        Args:
            engine: a trainer.
        """
        if idist.get_rank() == 0:
            engine.add_event_handler(Events.EPOCH_COMPLETED, self.write)

    def write(self, engine: Engine) -> None:
        """Add the row of this epoch.

        Args:
            engine: its epoch and metrics are written.
        """
        row: dict[str, object] = {"epoch": engine.state.epoch, **engine.state.metrics}
        if self.validator is not None and self.validator.state.epoch == engine.state.epoch:
            row |= {f"val_{name}": value for name, value in self.validator.state.metrics.items()}
        rows: list[dict[str, object]] = [*self._earlier(engine.state.epoch), row]
        columns = list(dict.fromkeys(name for each in rows for name in each))
        with atomic_path(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def _earlier(self, epoch: int) -> list[dict[str, object]]:
        if not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return [dict(row) for row in csv.DictReader(file) if int(row["epoch"]) < epoch]
