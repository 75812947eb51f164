"""Mean and standard deviation of every metric and arm."""

from collections.abc import Iterable, Sequence

import numpy as np

from taskgan_ext.io.evaluation_files import ARMS, Row, SummaryRow


def summarise(rows: Sequence[Row], metrics: Iterable[str]) -> list[SummaryRow]:
    """Average each metric over the cases of an arm; missing and NaN values are left out.

    Args:
        rows: rows of cases.csv.
        metrics: columns.

    Returns:
        A row for each arm and metric that has a value, in the order of arms and metrics.
    """
    found = []
    for arm in ARMS:
        of_arm = [row for row in rows if row["arm"] == arm]
        for metric in metrics:
            values = np.array([float(row[metric]) for row in of_arm if metric in row])
            values = values[~np.isnan(values)]
            if len(values):
                found.append(SummaryRow(arm, metric, float(values.mean()), _sd(values), len(values)))
    return found


def _sd(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    if len(values) < 2 or not np.isfinite(values).all():
        return float("nan")
    return float(values.std(ddof=1))
