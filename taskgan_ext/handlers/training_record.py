"""What a run was: its settings, and the losses and validation metrics of every epoch."""

import csv
import os
from pathlib import Path

import ignite.distributed as idist
from ignite.engine import Engine, Events

from taskgan_ext.io.atomic import atomic_path, write_json


class TrainingRecord:
    """Write ``settings.json`` and a row of ``history.csv`` when an epoch ends.

    A row holds the epoch, the means in ``state.metrics``, and ``val_<metric>`` where the validator ran. A
    resumed run keeps the rows of the epochs that it does not repeat.

    Args:
        output_dir: folder of the two files.
        validator: the engine that a ``ValidationHandler`` earlier in the list runs; its metrics are taken in
            the epochs in which it ran.
    """

    def __init__(self, output_dir: str | os.PathLike[str], validator: Engine | None = None) -> None:
        self.settings_path = Path(output_dir) / "settings.json"
        self.path = Path(output_dir) / "history.csv"
        self.validator = validator

    def attach(self, engine: Engine) -> None:
        """Write when epochs end; a run that is refused as it starts leaves the files as they were.

        Args:
            engine: a trainer; its ``hyperparameters``, if any, are the settings.
        """
        if idist.get_rank() == 0:
            engine.add_event_handler(Events.EPOCH_COMPLETED, self.write)

    def write(self, engine: Engine) -> None:
        """Add the row of this epoch, and write the settings.

        Args:
            engine: its epoch, metrics and ``hyperparameters`` are written.
        """
        write_json(self.settings_path, getattr(engine, "hyperparameters", {}))
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
