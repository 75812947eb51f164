"""Everything that a report shows, read from the folder of an evaluation."""

import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.evaluation_files import (
    ARMS,
    CASES,
    EVALUATION,
    PREVIEW_DIR,
    SUMMARY,
    MetricInfo,
    SummaryRow,
    parse_metrics,
    read_summary,
    read_table,
    to_float,
)
from taskgan_ext.io.presentation import Presentation

HISTORY = "history.csv"
SETTINGS = "settings.json"


@dataclass(frozen=True)
class Preview:
    """The middle slice of a case.

    Attributes:
        name: name of the case.
        property: value of y as text.
        arms: slice of each arm, ``(X, Y)``, in data units.
        pixel_mm: pixel size along X and Y.
    """

    name: str
    property: str
    arms: dict[str, NDArray[np.float32]]
    pixel_mm: tuple[float, float]


@dataclass(frozen=True)
class Results:
    """Content of an evaluation folder.

    Attributes:
        cases: rows of cases.csv as text.
        summary: rows of summary.csv.
        metrics: definition of each metric.
        presentation: names, units and orientation.
        evaluation: evaluation.json as it is.
        previews: the pictures, at most two, of different property values where there are.
        history: columns of history.csv, NaN for blank cells; empty without the file.
        settings: flat settings of the run; empty without the file.
    """

    cases: list[dict[str, str]]
    summary: list[SummaryRow]
    metrics: dict[str, MetricInfo]
    presentation: Presentation
    evaluation: dict[str, Any]
    previews: list[Preview] = field(default_factory=list)
    history: dict[str, list[float]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    def column(self, arm: str, metric: str) -> dict[str, float]:
        """Values of one metric and arm by case; cases without a value are left out."""
        return {
            row["case"]: to_float(row[metric])
            for row in self.cases
            if row["arm"] == arm and row.get(metric, "").strip()
        }


def read_results(folder: str | os.PathLike[str]) -> Results:
    """Read an evaluation folder; history, settings and previews are optional.

    Args:
        folder: holds cases.csv, summary.csv and evaluation.json.

    Returns:
        Its content.

    Raises:
        DataError: a file is missing or cannot be understood.
    """
    folder = Path(folder)
    absent = [name for name in (CASES, SUMMARY, EVALUATION) if not (folder / name).is_file()]
    if absent:
        raise DataError(
            f"{folder}: expected the files of an evaluation, found no {', '.join(absent)}; "
            "run the evaluation of the bundle first"
        )
    evaluation = read_json(folder / EVALUATION)
    cases = read_table(folder / CASES)
    if not cases or not {"case", "subject", "property", "arm"} <= cases[0].keys():
        raise DataError(f"{folder / CASES}: expected rows with case, subject, property and arm")
    return Results(
        cases=cases,
        summary=read_summary(folder / SUMMARY),
        metrics=parse_metrics(evaluation, folder / EVALUATION),
        presentation=Presentation.from_json(evaluation.get("presentation", {})),
        evaluation=evaluation,
        previews=_choose_previews(folder / PREVIEW_DIR, cases),
        history=_read_history(folder / HISTORY),
        settings=flatten(read_json(folder / SETTINGS)) if (folder / SETTINGS).is_file() else {},
    )


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Flatten nested settings: ``{"a": {"b": 1}}`` gives ``{"a.b": "1"}``.

    Args:
        settings: values, lists and dictionaries of them.
        prefix: put before every name.

    Returns:
        Text by dotted name, in the order given.
    """
    flat: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return flat


def _choose_previews(folder: Path, cases: list[dict[str, str]], limit: int = 2) -> list[Preview]:
    """Take the first case of each property value, highest value first (the positive case on top)."""
    order = list(dict.fromkeys(row["case"] for row in cases))
    found = [_read_preview(path) for path in sorted(folder.glob("*.npz"))]
    found = sorted(
        (preview for preview in found if preview.name in order), key=lambda item: order.index(item.name)
    )
    first: dict[str, Preview] = {}
    for preview in found:
        first.setdefault(preview.property, preview)
    chosen = list(first.values())[:limit]
    return sorted(chosen, key=lambda item: item.property, reverse=True)


def _read_preview(path: Path) -> Preview:
    try:
        with np.load(path, allow_pickle=False) as content:
            return Preview(
                name=str(content["name"]),
                property=str(content["property"]),
                arms={arm: content[arm].astype(np.float32) for arm in ARMS if arm in content},
                pixel_mm=(float(content["pixel_mm"][0]), float(content["pixel_mm"][1])),
            )
    except (KeyError, IndexError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: expected a preview with name, property and pixel_mm, but it cannot be read ({error})"
        ) from None


def _read_history(path: Path) -> dict[str, list[float]]:
    if not path.is_file():
        return {}
    rows = read_table(path)
    try:
        return {name: [to_float(row[name]) for row in rows] for name in rows[0]} if rows else {}
    except ValueError as error:
        raise DataError(f"{path}: expected numbers or blank cells ({error})") from None
