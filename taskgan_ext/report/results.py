"""Everything that a report shows, read from the folder of an evaluation."""

import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.evaluation_files import (
    CASES,
    DIFFERENCES,
    EVALUATION,
    PREVIEW_DIR,
    PREVIEW_FACTS,
    SUMMARY,
    MetricInfo,
    SummaryRow,
    arms_of,
    parse_metrics,
    read_summary,
    read_table,
    to_float,
)
from taskgan_ext.io.presentation import Presentation
from taskgan_ext.io.roc_file import ROC, RocCurve, read_curves

HISTORY = "history.csv"
SETTINGS = "settings.json"
MOST_PHOTOGRAPHS = 6
"""People whose pictures are shown."""


@dataclass(frozen=True)
class Preview:
    """The middle slice of a case.

    Attributes:
        name: name of the case.
        property: value of y as text.
        arms: slice of each arm, ``(X, Y)``, in data units; ``(X, Y, 3)`` for colours.
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
        differences: rows of differences.csv, restored minus another arm; empty where none is compared.
        previews: the pictures: one for each group, or at most two, of different property values where there
            are; photographs of some people where cases are photographs.
        curves: curves of roc.csv; empty where nothing was verified.
        history: columns of history.csv, NaN for blank cells; empty without the file.
        settings: flat settings of the run; empty without the file.
    """

    cases: list[dict[str, str]]
    summary: list[SummaryRow]
    metrics: dict[str, MetricInfo]
    presentation: Presentation
    evaluation: dict[str, Any]
    differences: list[SummaryRow] = field(default_factory=list)
    previews: list[Preview] = field(default_factory=list)
    curves: list[RocCurve] = field(default_factory=list)
    history: dict[str, list[float]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def arms(self) -> list[str]:
        """Names of the arms in the order of the evaluation."""
        return _arms(self.evaluation, self.cases)

    @property
    def groups(self) -> dict[str, str]:
        """Group by case; empty where there are no groups."""
        return _group_by_case(self.presentation, self.cases)

    @property
    def group_names(self) -> list[str]:
        """Names of the groups in their order."""
        return self.presentation.groups_of(self.cases)

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
    presentation = Presentation.from_json(evaluation.get("presentation", {}))
    if presentation.group_key and presentation.group_key not in cases[0]:
        raise DataError(f"{folder / CASES}: expected the groups in a column {presentation.group_key}")
    previews = [
        read_preview(path, _arms(evaluation, cases)) for path in sorted((folder / PREVIEW_DIR).glob("*.npz"))
    ]
    return Results(
        cases=cases,
        summary=read_summary(folder / SUMMARY),
        metrics=parse_metrics(evaluation, folder / EVALUATION),
        presentation=presentation,
        evaluation=evaluation,
        differences=read_summary(folder / DIFFERENCES) if presentation.compared_arms else [],
        previews=_choose_previews(previews, cases, presentation),
        # An earlier evaluation may have left a file that does not belong to this one.
        curves=read_curves(folder / ROC) if ROC in evaluation.get("tables", []) else [],
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


def _arms(evaluation: Mapping[str, Any], cases: list[dict[str, str]]) -> list[str]:
    return list(evaluation.get("arms") or arms_of(cases))


def _group_by_case(presentation: Presentation, cases: list[dict[str, str]]) -> dict[str, str]:
    key = presentation.group_key
    return {row["case"]: row[key] for row in cases} if key else {}


def _choose_previews(
    previews: list[Preview], cases: list[dict[str, str]], presentation: Presentation
) -> list[Preview]:
    """Take the groups of the first subject that has the most, photographs, or two cases; no earlier run's."""
    subjects = {row["case"]: row["subject"] for row in cases}
    order = list(subjects)
    there = [preview for preview in previews if preview.name in subjects]
    there.sort(key=lambda preview: order.index(preview.name))
    if presentation.orientation == "picture":
        return _of_several_people(there, subjects)
    if not presentation.group_key:
        return _two_properties(there)
    groups = _group_by_case(presentation, cases)
    found: dict[str, dict[str, Preview]] = {}
    for preview in there:
        found.setdefault(subjects[preview.name], {}).setdefault(groups[preview.name], preview)
    first_with_most = max(found.values(), key=len, default={})
    return [first_with_most[group] for group in presentation.groups_of(cases) if group in first_with_most]


def _of_several_people(previews: list[Preview], subjects: Mapping[str, str]) -> list[Preview]:
    """Take the first picture of people who stand evenly apart in the list."""
    first: dict[str, Preview] = {}
    for preview in previews:
        first.setdefault(subjects[preview.name], preview)
    people = list(first.values())
    number = min(MOST_PHOTOGRAPHS, len(people))
    return [people[len(people) * place // number] for place in range(number)]


def _two_properties(previews: list[Preview]) -> list[Preview]:
    """Take the first case of each property value, highest value first (the positive case on top)."""
    first: dict[str, Preview] = {}
    for preview in previews:
        first.setdefault(preview.property, preview)
    return sorted(list(first.values())[:2], key=lambda item: item.property, reverse=True)


def read_preview(path: Path, arms: Sequence[str]) -> Preview:
    """Read the pictures of one case.

    Args:
        path: a file of the preview folder of an evaluation.
        arms: the arms wanted; those that the file lacks are left out.

    Returns:
        The preview.

    Raises:
        DataError: the file is no preview.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            name, value, (width, height) = (content[fact] for fact in PREVIEW_FACTS)
            return Preview(
                name=str(name),
                property=str(value),
                arms={arm: content[arm].astype(np.float32) for arm in arms if arm in content},
                pixel_mm=(float(width), float(height)),
            )
    except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
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
