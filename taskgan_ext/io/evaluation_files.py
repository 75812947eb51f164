"""The files of an evaluation: one table row per case and arm, a summary, pictures and the definitions.

    cases.csv            case, subject, [group], property, [truth ...], arm, one column for each metric
    summary.csv          group, arm, metric, mean, sd, n, low, high
    differences.csv      the same columns, restored minus the arm (only where arms are compared)
    evaluation.json      definitions of the metrics, arms in their order, settings, versions
    preview/<case>.npz   middle slice of every arm
    ...                  tables of single measures; evaluation.json lists them

Written by the handler ``EvaluationTable``, read by ``taskgan_ext.report``. A blank cell is a missing value.
"""

import csv
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import atomic_path

CASES = "cases.csv"
SUMMARY = "summary.csv"
DIFFERENCES = "differences.csv"
EVALUATION = "evaluation.json"
PREVIEW_DIR = "preview"
PREVIEW_FACTS = ("name", "property", "pixel_mm")
"""What a preview holds beside the slice of each arm."""

INPUT, RESTORED, REFERENCE = "input", "restored", "reference"
"""The degraded image, the generator's output, and the target they are compared with.

An evaluation may have further arms, its comparisons, which stand between input and restored.
"""

Row = dict[str, Any]
"""A row of cases.csv: text and numbers by column; a missing metric is an absent key.

While an evaluation runs a row may hold more under keys that start with ``_``, which are written nowhere.
"""


@dataclass(frozen=True)
class MetricInfo:
    """What a reader must know about a column to understand and print it.

    Attributes:
        title: name in tables.
        definition: formula, normalisation and data range in one sentence.
        unit: printed after the number.
        digits: decimals.
        better: direction in which the metric improves, empty where there is none.
        percent: the stored fraction is printed in per cent.
        counted: 0 or 1 for a case, so that the mean is a rate and is printed with its count.
        headline: belongs in the short table.
        plot: ``paired`` draws all arms of each case, ``agreement`` each against the reference.
    """

    title: str
    definition: str
    unit: str = ""
    digits: int = 3
    better: Literal["higher", "lower", "zero", "one", ""] = ""
    percent: bool = False
    counted: bool = False
    headline: bool = False
    plot: Literal["paired", "agreement", ""] = ""

    @property
    def label(self) -> str:
        """Title with the unit, for column heads and axes."""
        unit = "%" if self.percent else self.unit
        return f"{self.title} ({unit})" if unit else self.title

    def number(self, value: float) -> str:
        """Print a value without its unit; a missing one is a dash."""
        if math.isnan(value):
            return "-"
        return f"{100 * value if self.percent else value:z.{self.digits}f}"


@dataclass(frozen=True)
class SummaryRow:
    """One metric of one arm over the cases.

    Attributes:
        arm: ``input``, the name of a comparison, ``restored`` or ``reference``.
        metric: column of cases.csv, or a value of the whole table such as a slope.
        mean: mean over the cases, or the value of the whole table.
        sd: standard deviation (n - 1); NaN for fewer than two cases and for values of the whole table.
        n: number of cases.
        group: group of the cases, such as an MR contrast; empty for all cases.
        low: lower end of the 95 % confidence interval of the mean; NaN for few subjects and for values of
            the whole table.
        high: its upper end.
    """

    arm: str
    metric: str
    mean: float
    sd: float
    n: int
    group: str = ""
    low: float = math.nan
    high: float = math.nan


SUMMARY_COLUMNS = ("group", "arm", "metric", "mean", "sd", "n", "low", "high")


def arms_of(rows: Iterable[Mapping[str, str | float]]) -> list[str]:
    """Arms in the order in which rows first name them.

    Args:
        rows: rows of cases.csv.

    Returns:
        Names of the arms.
    """
    return list(dict.fromkeys(str(row["arm"]) for row in rows))


def write_table(
    path: str | os.PathLike[str], columns: Sequence[str], rows: Iterable[Mapping[str, object]]
) -> None:
    """Write a CSV file, whole or not at all; NaN and absent values become blank cells.

    Args:
        path: the file to write.
        columns: its head, in order.
        rows: values by column.
    """
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)


def read_table(path: str | os.PathLike[str]) -> list[dict[str, str]]:
    """Read a CSV file with a head.

    Args:
        path: the file to read.

    Returns:
        Its rows, cells as text.

    Raises:
        DataError: the file is missing, has no head, or a row has other columns than the head.
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            head = reader.fieldnames
            rows = list(reader)
    except FileNotFoundError:
        raise DataError(f"{path}: expected a table, found no file") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: expected UTF-8 text, but it cannot be read ({error})") from None
    if not head:
        raise DataError(f"{path}: expected a head of column names, found an empty file")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise DataError(f"{path} line {number}: expected {len(head)} cells as in the head")
    return rows


def write_summary(path: str | os.PathLike[str], summary: Iterable[SummaryRow]) -> None:
    """Write summary.csv, whole or not at all.

    Args:
        path: the file to write.
        summary: its rows.
    """
    write_table(path, SUMMARY_COLUMNS, [asdict(row) for row in summary])


def read_summary(path: str | os.PathLike[str]) -> list[SummaryRow]:
    """Read summary.csv.

    Args:
        path: the file to read.

    Returns:
        Its rows.

    Raises:
        DataError: the file is missing or a column or number is wrong.
    """
    table = read_table(path)
    try:
        return [
            SummaryRow(
                arm=row["arm"],
                metric=row["metric"],
                n=int(row["n"]),
                group=row["group"],
                **{name: to_float(row[name]) for name in ("mean", "sd", "low", "high")},
            )
            for row in table
        ]
    except (KeyError, ValueError) as error:
        raise DataError(
            f"{path}: expected columns {', '.join(SUMMARY_COLUMNS)} with numbers ({error}); "
            "run the evaluation again if it was written by another version"
        ) from None


def to_float(cell: str) -> float:
    """Turn a cell into a number; a blank one is NaN.

    Args:
        cell: text of the cell.

    Returns:
        The number.
    """
    return float(cell) if cell.strip() else math.nan


def parse_metrics(content: Mapping[str, Any], path: str | os.PathLike[str]) -> dict[str, MetricInfo]:
    """Take the definitions out of evaluation.json.

    Args:
        content: the parsed file.
        path: the file, for the message.

    Returns:
        Definition of each metric, in the order of the file.

    Raises:
        DataError: there are none, or a field is unknown or missing.
    """
    try:
        return {name: MetricInfo(**info) for name, info in content["metrics"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: expected metrics with title and definition ({error})") from None


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value)
