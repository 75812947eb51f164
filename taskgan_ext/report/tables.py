"""The tables of a report as HTML; every text that comes from a file is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from taskgan_ext.io.evaluation_files import ARMS, INPUT, REFERENCE, RESTORED, MetricInfo, to_float
from taskgan_ext.io.summary_text import summary_cells
from taskgan_ext.report.results import Results

BETTER = {"higher": "\u2191", "lower": "\u2193", "zero": "\u2192 0", "one": "\u2192 1", "": ""}
"""Direction in which a metric improves, as a sign."""


def summary_table(results: Results, *, headline: bool) -> str:
    """Lay out mean and standard deviation, one metric a row, one arm a column.

    Args:
        results: content of an evaluation folder.
        headline: only the metrics of the short table.

    Returns:
        HTML.
    """
    cells = summary_cells(results.summary, results.metrics, headline=headline)
    arms = [arm for arm in ARMS if any(arm in of_metric for of_metric in cells.values())]
    body = [
        [_metric_head(results.metrics[name]), *(_spread(of_metric.get(arm, "")) for arm in arms)]
        for name, of_metric in cells.items()
    ]
    return f'<div class="summary">{_table(["", *arms], body)}</div>'


def case_table(results: Results) -> str:
    """Lay out the metrics of the short table, one case a row: input, arrow, restored, reference in brackets.

    Args:
        results: content of an evaluation folder.

    Returns:
        HTML.
    """
    presentation = results.presentation
    names = [
        name
        for name, info in results.metrics.items()
        if (info.headline or info.plot) and name in results.cases[0]
    ]
    rows: dict[str, dict[str, dict[str, str]]] = {}
    for row in results.cases:
        rows.setdefault(row["case"], {})[row["arm"]] = row
    head = ["case", presentation.property_name, *(_column_head(results.metrics[name]) for name in names)]
    body = []
    for case, arms in rows.items():
        property_name = presentation.class_name(next(iter(arms.values()))["property"])
        cells = [_case_cell(arms, name, results.metrics[name]) for name in names]
        body.append([escape(text) for text in (case, property_name, *cells)])
    return f'<div class="cases">{_table([escape(text) for text in head], body, text_columns=2)}</div>'


def settings_table(settings: Mapping[str, str]) -> str:
    """Lay out names and values.

    Args:
        settings: text by name.

    Returns:
        HTML.
    """
    body = [[f"<code>{escape(name)}</code>", escape(value)] for name, value in settings.items()]
    return _table([], body, text_columns=2)


def definitions(metrics: Iterable[MetricInfo]) -> str:
    """List what each metric means.

    Args:
        metrics: definitions.

    Returns:
        HTML.
    """
    items = "".join(f"<dt>{escape(info.label)}</dt><dd>{escape(info.definition)}</dd>" for info in metrics)
    return f"<dl>{items}</dl>"


def _metric_head(info: MetricInfo) -> str:
    sign = BETTER[info.better]
    return escape(info.label) + (f' <span class="better">{sign}</span>' if sign else "")


def _column_head(info: MetricInfo) -> str:
    return info.title if info.counted else info.label


def _spread(cell: str) -> str:
    mean, sign, sd = _minus(escape(cell)).partition(" \u00b1 ")
    return f'{mean}<span class="sd">{sign}{sd}</span>' if sign else mean


def _case_cell(arms: Mapping[str, Mapping[str, str]], name: str, info: MetricInfo) -> str:
    def text(arm: str) -> str:
        cell = arms.get(arm, {}).get(name, "")
        if not cell.strip():
            return ""
        return ("wrong" if to_float(cell) else "right") if info.counted else info.number(to_float(cell))

    change = " \u2192 ".join(filter(None, (text(INPUT), text(RESTORED))))
    in_brackets = "" if info.counted else text(REFERENCE)
    return _minus(f"{change} ({in_brackets})" if in_brackets else change)


def _minus(text: str) -> str:
    """Set the minus sign of the typographer, which is as wide as a digit."""
    return text.replace("-", "\u2212")


def _table(head: Sequence[str], body: Sequence[Sequence[str]], text_columns: int = 1) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{'' if number >= text_columns else ' class=text'}>{cell}</{tag}>"
            for number, cell in enumerate(row)
        )

    top = f"<thead><tr>{cells('th', head)}</tr></thead>" if head else ""
    rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in body)
    return f'<div class="scroll"><table>{top}<tbody>{rows}</tbody></table></div>'
