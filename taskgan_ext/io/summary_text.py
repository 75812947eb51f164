"""The short table of an evaluation as aligned text."""

from collections.abc import Mapping, Sequence

from taskgan_ext.io.evaluation_files import ARMS, MetricInfo, SummaryRow


def format_summary(summary: Sequence[SummaryRow], metrics: Mapping[str, MetricInfo]) -> str:
    """Lay out the headline metrics, one line each, one column per arm.

    Args:
        summary: rows of the summary.
        metrics: definitions; those with ``headline`` are shown, in this order.

    Returns:
        Lines joined by newlines, numbers right-aligned.
    """
    table = summary_cells(summary, metrics)
    arms = [arm for arm in ARMS if any(arm in cells for cells in table.values())]
    head = ["", *arms]
    lines = [[metrics[name].label, *(cells.get(arm, "") for arm in arms)] for name, cells in table.items()]
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(widths[i]) for i, cell in enumerate(line) if i)]
        ).rstrip()
        for line in [head, *lines]
    )


def summary_cells(
    summary: Sequence[SummaryRow], metrics: Mapping[str, MetricInfo], headline: bool = True
) -> dict[str, dict[str, str]]:
    """Print the mean, with the standard deviation where there is one, of each metric and arm.

    Args:
        summary: rows of the summary.
        metrics: definitions.
        headline: only metrics marked so.

    Returns:
        Text by metric and arm; metrics without any value are left out.
    """
    cells: dict[str, dict[str, str]] = {}
    for name, info in metrics.items():
        found = {row.arm: _cell(row, info) for row in summary if row.metric == name}
        if found and (info.headline or not headline):
            cells[name] = found
    return cells


def _cell(row: SummaryRow, info: MetricInfo) -> str:
    mean, sd = info.number(row.mean), info.number(row.sd)
    if info.counted and row.n:
        return f"{mean} ({round(row.mean * row.n)}/{row.n})"
    return mean if sd == "-" else f"{mean} ± {sd}"
