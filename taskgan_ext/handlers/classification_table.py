"""Ignite handler: what class a task network gives to every image."""

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from monai.utils import ImageMetaKey
from torch import Tensor

from taskgan_ext.errors import DataError
from taskgan_ext.io.evaluation_files import Row, write_table
from taskgan_ext.io.summary_text import align_table
from taskgan_ext.keys import IMAGE, PRED, PROBLEM, PROPERTY, SUBJECT

logger = logging.getLogger(__name__)

CLASSES = "classes.csv"


class ClassificationTable:
    """Write and log the class of every image: that of the largest mean probability over its slices.

    Attach to a MONAI evaluator that decollates: after an iteration ``engine.state.output`` is a list of
    dictionaries with ``pred``, the probabilities of the slices ``(S, n)``, and ``engine.state.batch`` one
    with ``image`` (its meta data name the file), ``subject`` and, where it is known, ``property``, the index
    of the right class.

    When the run completes ``classes.csv`` is whole: file, subject, decision, family, one column of mean
    probabilities for each class, the number of slices and, where it is known for any image, the property.
    Images without a slice to decide by are not in it; the run then ends with an error that lists them, each
    with the ``problem`` of its meta data.

    Args:
        classes: names in the order of the class indices.
        output_dir: folder of the table.
        families: family by class index (as text, since JSON keys are text), where some classes look alike; a
            class that is not listed is a family of its own.
    """

    def __init__(
        self,
        classes: Sequence[str],
        output_dir: str | os.PathLike[str],
        families: Mapping[str, str] | None = None,
    ) -> None:
        self.classes = list(classes)
        self.output_dir = Path(output_dir)
        named = {self.classes[int(index)]: family for index, family in (families or {}).items()}
        self.families = {name: named.get(name, name) for name in self.classes}
        self.rows: list[Row] = []
        self.problems: list[str] = []

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator.

        Args:
            engine: the evaluator.
        """
        engine.add_event_handler(Events.STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._decide)
        engine.add_event_handler(Events.COMPLETED, self._write)
        engine.add_event_handler(Events.COMPLETED, self._list_problems)

    def _start(self) -> None:
        self.rows, self.problems = [], []

    def _decide(self, engine: Engine) -> None:
        for item, result in zip(engine.state.batch, engine.state.output, strict=True):
            meta = item[IMAGE].meta
            file = str(meta[ImageMetaKey.FILENAME_OR_OBJ])
            if len(result[PRED]):
                self.rows.append(self._row(item, result[PRED], file))
            else:
                nothing = "expected slices that show the head, found none in the middle of the image"
                self.problems.append(meta.get(PROBLEM, f"{file}: {nothing}"))

    def _row(self, item: Mapping[str, Any], scores: Tensor, file: str) -> Row:
        mean = scores.mean(dim=0).tolist()
        decision = self.classes[mean.index(max(mean))]
        row: Row = {"file": file, SUBJECT: str(item[SUBJECT]), "decision": decision}
        row |= {"family": self.families[decision]}
        row |= {name: round(value, 6) for name, value in zip(self.classes, mean, strict=True)}
        row |= {"slices": len(scores)}
        return row | ({PROPERTY: self._class_name(item, file)} if PROPERTY in item else {})

    def _class_name(self, item: Mapping[str, Any], file: str) -> str:
        index = float(item[PROPERTY])
        if index not in range(len(self.classes)):
            raise DataError(
                f"{file}: expected a property from 0 to {len(self.classes) - 1}, the index of a class, got "
                f"{index:g}; is this the data list of another bundle?"
            )
        return self.classes[int(index)]

    def _list_problems(self) -> None:
        if self.problems:
            done = f"{len(self.rows)} images are in {self.output_dir / CLASSES}, not these:"
            raise DataError("\n".join([done, *self.problems] if self.rows else self.problems))

    def _write(self) -> None:
        if not self.rows:
            return
        columns = ["file", SUBJECT, "decision", "family", *self.classes, "slices", PROPERTY]
        known = [row for row in self.rows if PROPERTY in row]
        write_table(self.output_dir / CLASSES, columns if known else columns[:-1], self.rows)
        logger.info("classes of %d images in %s", len(self.rows), self.output_dir / CLASSES)
        tables = [format_classes(self.rows, self.classes)]
        if known:
            tables.append(format_confusion(known, self.classes, self.families))
        for line in "\n\n".join(tables).splitlines():
            logger.info(line)


def format_classes(rows: Sequence[Row], classes: Sequence[str]) -> str:
    """Lay out the classes of images, one line each; probabilities in per cent.

    Args:
        rows: rows of classes.csv.
        classes: names of the classes.

    Returns:
        Lines joined by newlines; files are named below the folder that they share.
    """
    folder = os.path.commonpath([Path(str(row["file"])).parent for row in rows])
    cells = {
        os.path.relpath(str(row["file"]), folder): {
            **{key: str(row[key]) for key in ("decision", "family", "slices", PROPERTY) if key in row},
            **{f"{name} (%)": f"{100 * float(row[name]):.0f}" for name in classes},
        }
        for row in rows
    }
    columns = ["decision", "family", *(f"{name} (%)" for name in classes), "slices", PROPERTY]
    return align_table("", cells, columns)


def format_confusion(rows: Sequence[Row], classes: Sequence[str], families: Mapping[str, str]) -> str:
    """Count the decisions on images of each known class.

    Args:
        rows: rows of classes.csv, all with a property.
        classes: names of the classes.
        families: family of each class.

    Returns:
        Lines joined by newlines: how many are right, then a line for each class, a column for each decision.
    """
    counts = Counter((str(row[PROPERTY]), str(row["decision"])) for row in rows)
    right = sum(number for (true, decided), number in counts.items() if true == decided)
    akin = sum(number for (true, decided), number in counts.items() if families[true] == families[decided])
    cells = {
        true: {decided: str(counts[true, decided]) for decided in classes}
        for true in classes
        if any(counts[true, decided] for decided in classes)
    }
    heading = (
        f"right: {right} of {len(rows)}, right family: {akin} of {len(rows)}; decisions on each property:"
    )
    return f"{heading}\n{align_table('', cells, classes)}"
