"""The tables of a report as HTML; every text that comes from a file is escaped."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape

from taskgan_ext.io.evaluation_files import INPUT, REFERENCE, RESTORED, MetricInfo, to_float
from taskgan_ext.io.summary_text import Spread, summary_cells
from taskgan_ext.report.results import Results

BETTER = {"higher": "\u2191", "lower": "\u2193", "zero": "\u2192 0", "one": "\u2192 1", "": ""}
"""Direction in which a metric improves, as a sign."""

_SPREAD = re.compile(r"(?P<mean>.*?)(?P<spread> \u00b1 .*| \[.*)?")


def summary_table(results: Results, *, headline: bool) -> str:
    """Lay out the means over all cases, one metric a row, one arm a column.

    Args:
        results: content of an evaluation folder.
        headline: only the metrics of the short table, with their confidence intervals; else all, with
            standard deviations.

    Returns:
        HTML.
    """
    spread: Spread = "interval" if headline else "sd"
    cells = summary_cells(results.summary, results.metrics, headline=headline, spread=spread)
    return _by_metric(results, cells, {arm: arm for arm in results.arms})


def difference_table(results: Results) -> str:
    """Lay out restored minus each compared arm over all cases, one metric a row.

    Args:
        results: content of an evaluation folder.

    Returns:
        HTML; empty where none is compared.
    """
    rates = {name: replace(info, counted=False) for name, info in results.metrics.items()}
    cells = summary_cells(results.differences, rates, spread="interval")
    return _by_metric(results, cells, difference_heads(results)) if cells else ""


def difference_heads(results: Results) -> dict[str, str]:
    """Heads of the columns of differences.

    Args:
        results: content of an evaluation folder.

    Returns:
        Text by compared arm.
    """
    return {arm: f"{RESTORED} \u2212 {arm}" for arm in results.presentation.compared_arms}


def case_table(results: Results) -> str:
    """Lay out the metrics of the short table, one case a row: all arms, the reference in brackets.

    Args:
        results: content of an evaluation folder.

    Returns:
        HTML.
    """
    names = [
        name
        for name, info in results.metrics.items()
        if (info.headline or info.plot) and name in results.cases[0]
    ]
    rows: dict[str, dict[str, dict[str, str]]] = {}
    for row in results.cases:
        rows.setdefault(row["case"], {})[row["arm"]] = row
    first = {case: next(iter(arms.values())) for case, arms in rows.items()}
    facts = {"case": list(first)} | _properties(results, list(first.values()))
    body = [
        [*texts, *(_case_cell(results, arms, name) for name in names)]
        for texts, arms in zip(zip(*facts.values(), strict=True), rows.values(), strict=True)
    ]
    head = [*facts, *(_column_head(results.metrics[name]) for name in names)]
    table = html_table(
        [escape(text) for text in head],
        [[escape(text) for text in row] for row in body],
        text_columns=len(facts),
    )
    return f'<div class="cases">{table}</div>'


def settings_table(settings: Mapping[str, str]) -> str:
    """Lay out names and values.

    Args:
        settings: text by name.

    Returns:
        HTML.
    """
    body = [[f"<code>{escape(name)}</code>", escape(value)] for name, value in settings.items()]
    return html_table([], body, text_columns=2)


def definitions(metrics: Iterable[MetricInfo]) -> str:
    """List what each metric means.

    Args:
        metrics: definitions.

    Returns:
        HTML.
    """
    items = "".join(f"<dt>{escape(info.label)}</dt><dd>{escape(info.definition)}</dd>" for info in metrics)
    return f"<dl>{items}</dl>"


def html_table(head: Sequence[str], body: Sequence[Sequence[str]], text_columns: int = 1) -> str:
    """Lay out cells that are HTML already.

    Args:
        head: heads of the columns; none for a table without.
        body: cells by row.
        text_columns: number of columns on the left that hold text, not numbers.

    Returns:
        HTML.
    """

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{'' if number >= text_columns else ' class=text'}>{cell}</{tag}>"
            for number, cell in enumerate(row)
        )

    top = f"<thead><tr>{cells('th', head)}</tr></thead>" if head else ""
    rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in body)
    return f'<div class="scroll"><table>{top}<tbody>{rows}</tbody></table></div>'


def metric_head(info: MetricInfo) -> str:
    """Name of a metric with its unit and the direction in which it improves.

    Args:
        info: its definition.

    Returns:
        HTML.
    """
    sign = BETTER[info.better]
    return escape(info.label) + (f' <span class="better">{sign}</span>' if sign else "")


def number_cell(text: str, *, best: bool = False) -> str:
    """Set a mean with its spread, which stands back.

    Args:
        text: ``mean``, ``mean \u00b1 sd`` or ``mean [low, high]``.
        best: set the mean in bold.

    Returns:
        HTML.
    """
    found = _SPREAD.fullmatch(_minus(escape(text)))
    mean, spread = found.group("mean", "spread") if found else (text, None)
    strong = f"<strong>{mean}</strong>" if best else mean
    return f'{strong}<span class="sd">{spread}</span>' if spread else strong


def _by_metric(results: Results, cells: Mapping[str, Mapping[str, str]], heads: Mapping[str, str]) -> str:
    arms = [arm for arm in heads if any(arm in of_metric for of_metric in cells.values())]
    body = [
        [metric_head(results.metrics[name]), *(number_cell(of_metric.get(arm, "")) for arm in arms)]
        for name, of_metric in cells.items()
    ]
    table = html_table(["", *(escape(heads[arm]) for arm in arms)], body)
    return f'<div class="summary">{table}</div>'


def _properties(results: Results, rows: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Columns of the property and of the group; one of them where both say the same."""
    presentation = results.presentation
    columns = {presentation.property_name: [presentation.class_name(row["property"]) for row in rows]}
    groups = [results.groups[row["case"]] for row in rows] if results.groups else []
    return columns if groups in ([], *columns.values()) else columns | {presentation.group_key: groups}


def _column_head(info: MetricInfo) -> str:
    return info.title if info.counted else info.label


def _case_cell(results: Results, arms: Mapping[str, Mapping[str, str]], name: str) -> str:
    info = results.metrics[name]

    def text(arm: str) -> str:
        cell = arms.get(arm, {}).get(name, "")
        if not cell.strip():
            return ""
        return ("wrong" if to_float(cell) else "right") if info.counted else info.number(to_float(cell))

    shown = [arm for arm in results.arms if arm != REFERENCE]
    if results.presentation.comparisons:
        texts = [text(arm) for arm in shown]
        change = " / ".join(cell or "\u2013" for cell in texts) if any(texts) else ""
    else:
        change = " \u2192 ".join(filter(None, (text(INPUT), text(RESTORED))))
    in_brackets = "" if info.counted else text(REFERENCE)
    return _minus(f"{change} ({in_brackets})" if in_brackets else change)


def _minus(text: str) -> str:
    """Set the minus sign of the typographer, which is as wide as a digit."""
    return text.replace("-", "\u2212")
