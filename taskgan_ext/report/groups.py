"""The tables of an evaluation whose cases fall into groups, such as MR contrasts."""

from dataclasses import replace
from html import escape

from taskgan_ext.io.evaluation_files import REFERENCE, MetricInfo, SummaryRow
from taskgan_ext.io.summary_text import summary_cell
from taskgan_ext.report.results import Results
from taskgan_ext.report.tables import difference_heads, html_table, metric_head, number_cell

ALL_CASES = "all cases"


def group_tables(results: Results) -> str:
    """Lay out each headline metric, one group a row, one arm a column, as in Table 2 of the paper.

    The best method of each row is bold; the differences of the restored image to the comparisons stand on the
    right.

    Args:
        results: content of an evaluation folder.

    Returns:
        HTML; empty without groups.
    """
    grouped = {row.metric for row in results.summary if row.group}
    return "".join(
        f"<article><h3>{metric_head(info)}</h3>{_group_table(results, name, info)}</article>"
        for name, info in results.metrics.items()
        if info.headline and name in grouped
    )


def _group_table(results: Results, name: str, info: MetricInfo) -> str:
    means = {(row.group, row.arm): row for row in results.summary if row.metric == name}
    differences = {(row.group, row.arm): row for row in results.differences if row.metric == name}
    arms = [arm for arm in results.arms if any(arm == of for _, of in means)]
    heads = difference_heads(results) if differences else {}
    groups = [group for group in results.group_names if any(group == of for of, _ in means)]
    body = []
    for group in [*groups, ""] if len(groups) > 1 else groups:
        found = {arm: means[group, arm] for arm in arms if (group, arm) in means}
        best = best_methods(found, info)
        cells = [number_cell(_text(found.get(arm), info), best=arm in best) for arm in arms]
        cells += [
            number_cell(_text(differences.get((group, arm)), replace(info, counted=False))) for arm in heads
        ]
        body.append([escape(group or ALL_CASES), *cells])
    columns = [results.presentation.group_key, *arms, *heads.values()]
    table = html_table([escape(text) for text in columns], body)
    return f'<div class="groups">{table}</div>'


def best_methods(rows: dict[str, SummaryRow], info: MetricInfo) -> set[str]:
    """Find the arm with the best mean; the reference does not compete.

    Args:
        rows: row of the summary by arm.
        info: definition of the metric.

    Returns:
        The best arm, and those that are printed with the same number; empty for a metric without a direction
        and where all arms are equal.
    """
    distance = {
        arm: {"higher": -row.mean, "lower": row.mean, "zero": abs(row.mean), "one": abs(row.mean - 1)}[
            info.better
        ]
        for arm, row in rows.items()
        if info.better and arm != REFERENCE
    }
    if not distance:
        return set()
    printed = info.number(rows[min(distance, key=distance.__getitem__)].mean)
    best = {arm for arm in distance if info.number(rows[arm].mean) == printed}
    return best if len(best) < len(distance) else set()


def _text(row: SummaryRow | None, info: MetricInfo) -> str:
    return "" if row is None else summary_cell(row, info, "interval")
