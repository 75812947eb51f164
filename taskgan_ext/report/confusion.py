"""Confusion matrices of task networks with several classes, on real and on synthesised images."""

from collections import Counter
from html import escape

from taskgan_ext.io.evaluation_files import REFERENCE, RESTORED, to_float
from taskgan_ext.report.results import Results

ARMS = {REFERENCE: "Real images", RESTORED: "Synthesised images"}
MOST_CLASSES = 20
"""A larger matrix cannot be read on a page."""

Counts = Counter[tuple[int, int]]
"""Number of cases by true and decided class."""


def confusion_tables(results: Results) -> str:
    """Lay out a matrix for each task network and kind of image, true classes downwards.

    Args:
        results: content of an evaluation folder.

    Returns:
        HTML; empty where the property has no more than two classes, or too many for a matrix.
    """
    names = list(results.presentation.class_names)
    if not 2 < len(names) <= MOST_CLASSES:
        return ""
    tables = []
    for metric, info in results.metrics.items():
        found = {arm: count_decisions(results, arm, metric) for arm in ARMS} if _is_decision(metric) else {}
        matrices = [_matrix(ARMS[arm], counts, names) for arm, counts in found.items() if counts]
        if matrices:
            tables.append(
                f"<article><h3>{escape(info.title)}</h3>"
                f'<div class="confusion">{"".join(matrices)}</div></article>'
            )
    return "".join(tables)


def count_decisions(results: Results, arm: str, metric: str) -> Counts:
    """Count the cases of an arm by true and decided class.

    Args:
        results: content of an evaluation folder.
        arm: the arm.
        metric: column of the decisions.

    Returns:
        Counts; cases whose property is no class are left out.
    """
    decided = results.column(arm, metric)
    true = {row["case"]: row["property"] for row in results.cases if row["arm"] == arm}
    return Counter(
        (int(to_float(true[case])), int(decision))
        for case, decision in decided.items()
        if to_float(true[case]).is_integer()
    )


def _is_decision(metric: str) -> bool:
    return metric.endswith("_decision")


def _matrix(caption: str, counts: Counts, names: list[str]) -> str:
    right = sum(number for (true, decided), number in counts.items() if true == decided)
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for true, name in enumerate(names):
        total = sum(counts[true, decided] for decided in range(len(names)))
        cells = "".join(
            _cell(counts[true, decided], total, right=true == decided) for decided in range(len(names))
        )
        rows.append(f'<tr><th class="text" scope="row">{escape(name)}</th>{cells}</tr>')
    return (
        f'<div class="scroll"><table><caption>{caption}: {right} of {counts.total()} right</caption>'
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(number: int, total: int, *, right: bool) -> str:
    """A cell shaded by its share of the row: right decisions in one colour, wrong ones in another."""
    if not number:
        return '<td class="none">0</td>'
    kind = "right" if right else "wrong"
    return f'<td class="{kind}" style="--share:{number / total:.2f}">{number}</td>'
