"""The short tables of an evaluation as aligned text."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from taskgan_ext.io.evaluation_files import MetricInfo, SummaryRow

Spread = Literal["sd", "interval", ""]
"""What is printed after a mean: standard deviation, confidence interval (else the deviation) or nothing."""


def format_summary(summary: Sequence[SummaryRow], metrics: Mapping[str, MetricInfo]) -> str:
    """Lay out the headline metrics, one line each, one column per arm; then the first one by group.

    Args:
        summary: rows of the summary.
        metrics: definitions; those with ``headline`` are shown, in this order.

    Returns:
        Lines joined by newlines, numbers right-aligned.
    """
    arms = list(dict.fromkeys(row.arm for row in summary))
    table = summary_cells(summary, metrics)
    text = align_table("", {metrics[name].label: cells for name, cells in table.items()}, arms)
    first = next((name for name in table if any(row.group and row.metric == name for row in summary)), None)
    if first is None:
        return text
    cells = group_cells(summary, first, metrics[first])
    return f"{text}\n\n{align_table(metrics[first].label, cells, arms)}"


def summary_cells(
    summary: Sequence[SummaryRow],
    metrics: Mapping[str, MetricInfo],
    headline: bool = True,
    spread: Spread = "sd",
) -> dict[str, dict[str, str]]:
    """Print the mean over all cases with its spread, where there is one, of each metric and arm.

    Args:
        summary: rows of the summary.
        metrics: definitions.
        headline: only metrics marked so.
        spread: what is printed after the mean.

    Returns:
        Text by metric and arm; metrics without any value are left out.
    """
    cells: dict[str, dict[str, str]] = {}
    for name, info in metrics.items():
        found = {
            row.arm: summary_cell(row, info, spread)
            for row in summary
            if row.metric == name and not row.group
        }
        if found and (info.headline or not headline):
            cells[name] = found
    return cells


def group_cells(
    summary: Sequence[SummaryRow], metric: str, info: MetricInfo, spread: Spread = ""
) -> dict[str, dict[str, str]]:
    """Print the mean of one metric in each group.

    Args:
        summary: rows of the summary.
        metric: its name.
        info: its definition.
        spread: what is printed after the mean.

    Returns:
        Text by group and arm, in the order of the summary.
    """
    cells: dict[str, dict[str, str]] = {}
    for row in summary:
        if row.group and row.metric == metric:
            cells.setdefault(row.group, {})[row.arm] = summary_cell(row, info, spread)
    return cells


def summary_cell(row: SummaryRow, info: MetricInfo, spread: Spread = "sd") -> str:
    """Print one mean.

    Args:
        row: the row of the summary.
        info: definition of its metric.
        spread: what is printed after the mean; rates are printed with their count, not with a deviation.

    Returns:
        ``mean``, ``mean ± sd`` or ``mean [low, high]``.
    """
    mean, sd = info.number(row.mean), info.number(row.sd)
    if info.counted and row.n:
        mean, sd = f"{mean} ({round(row.mean * row.n)}/{row.n})", "-"
        if row.low == row.high:  # all subjects alike: the draws cannot tell how sure that is
            return mean
    if spread == "interval" and not math.isnan(row.low):
        return f"{mean} [{info.number(row.low)}, {info.number(row.high)}]"
    return mean if sd == "-" or not spread else f"{mean} \u00b1 {sd}"


def align_table(corner: str, cells: Mapping[str, Mapping[str, str]], columns: Sequence[str]) -> str:
    """Lay out a table of text.

    Args:
        corner: head of the first column.
        cells: text by row and column; an absent cell is empty.
        columns: names in their order; those without any cell are left out.

    Returns:
        Lines joined by newlines, rows named on the left, cells right-aligned.
    """
    shown = [column for column in columns if any(column in row for row in cells.values())]
    lines = [[corner, *shown], *([name, *(row.get(key, "") for key in shown)] for name, row in cells.items())]
    widths = [max(len(line[place]) for line in lines) for place in range(len(shown) + 1)]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(widths[i]) for i, cell in enumerate(line) if i)]
        ).rstrip()
        for line in lines
    )
