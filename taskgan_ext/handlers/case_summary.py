"""Mean, standard deviation and confidence interval of every metric and arm, over all cases and by group."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from taskgan_ext.data.evaluation_case import Measure
from taskgan_ext.data.subject_bootstrap import mean_interval
from taskgan_ext.io.evaluation_files import RESTORED, Row, SummaryRow
from taskgan_ext.io.presentation import Presentation
from taskgan_ext.keys import SUBJECT


def summarise(rows: Sequence[Row], metrics: Iterable[str], arms: Iterable[str]) -> list[SummaryRow]:
    """Average each metric over the cases of an arm; missing and NaN values are left out.

    Args:
        rows: rows of cases.csv.
        metrics: columns.
        arms: the arms, in their order.

    Returns:
        A row for each arm and metric that has a value, in the order of arms and metrics.
    """
    names = list(metrics)
    found = []
    for arm in arms:
        of_arm = [row for row in rows if row["arm"] == arm]
        for metric in names:
            values = [(float(row[metric]), str(row[SUBJECT])) for row in of_arm if metric in row]
            found.extend(_summarised(arm, metric, values))
    return found


def summarise_groups(
    rows: Sequence[Row], measures: Sequence[Measure], arms: Sequence[str], presentation: Presentation
) -> list[SummaryRow]:
    """Summarise all cases, then each group on its own; measures add their values of the whole table.

    Args:
        rows: rows of cases.csv.
        measures: what was measured.
        arms: the arms, in their order.
        presentation: tells the groups.

    Returns:
        Rows of group "" (all cases), then those of the groups in their order.
    """
    metrics = [name for measure in measures for name in measure.metrics]
    found: list[SummaryRow] = []
    for group, members in _groups(rows, presentation).items():
        summary = summarise(members, metrics, arms)
        for measure in measures:
            summary.extend(measure.summarise(members))
        found.extend(replace(row, group=group) for row in summary)
    return found


def paired_differences(
    rows: Sequence[Row], measures: Sequence[Measure], presentation: Presentation
) -> list[SummaryRow]:
    """Compare the restored image with that of other methods, case by case.

    The difference within a case is free of what makes one case harder than another, so its interval is
    narrower than those of the two means. Only headline metrics that improve upwards or downwards are
    compared: the difference of two signed errors does not say which is the smaller. Measures add the
    differences of their values of the whole table.

    Args:
        rows: rows of cases.csv.
        measures: what was measured.
        presentation: tells the compared arms and the groups.

    Returns:
        Restored minus the other arm: mean, spread and interval, under the name of the other arm.
    """
    names = [
        name
        for measure in measures
        for name, info in measure.metrics.items()
        if info.headline and info.better in ("higher", "lower")
    ]
    found: list[SummaryRow] = []
    for group, members in _groups(rows, presentation).items():
        restored = {row["case"]: row for row in members if row["arm"] == RESTORED}
        for arm in presentation.compared_arms:
            pairs = [(restored[row["case"]], row) for row in members if row["arm"] == arm]
            for name in names:
                values = [
                    (float(ours[name]) - float(other[name]), str(ours[SUBJECT]))
                    for ours, other in pairs
                    if name in ours and name in other
                ]
                found.extend(replace(row, group=group) for row in _summarised(arm, name, values))
        for measure in measures:
            whole = measure.compare(members, presentation.compared_arms)
            found.extend(replace(row, group=group) for row in whole)
    return found


def _groups(rows: Sequence[Row], presentation: Presentation) -> dict[str, list[Row]]:
    key = presentation.group_key
    return {"": list(rows)} | {
        group: [row for row in rows if str(row[key]) == group] for group in presentation.groups_of(rows)
    }


def _summarised(arm: str, metric: str, values: Sequence[tuple[float, str]]) -> list[SummaryRow]:
    """One row from values with their subjects; none where every value is missing."""
    there = [(value, subject) for value, subject in values if not np.isnan(value)]
    if not there:
        return []
    numbers = np.array([value for value, _ in there])
    low, high = mean_interval(numbers, [subject for _, subject in there])
    sd = float(numbers.std(ddof=1)) if len(numbers) > 1 and np.isfinite(numbers).all() else float("nan")
    return [SummaryRow(arm, metric, float(numbers.mean()), sd, len(numbers), low=low, high=high)]
