"""The file of receiver operating characteristics of an evaluation.

    roc.csv    measure, arm, kind, false_accept_rate, true_accept_rate

Each curve runs from (0, 0) to (1, 1); only the points at which it turns are kept.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from taskgan_ext.errors import DataError
from taskgan_ext.io.evaluation_files import Row, read_table

ROC = "roc.csv"
SAME, CROSS = "same", "cross"
"""Pairs of two images of one arm; pairs of an image of the arm and a reference."""

ROC_COLUMNS = ("measure", "arm", "kind", "false_accept_rate", "true_accept_rate")


@dataclass(frozen=True)
class RocCurve:
    """The receiver operating characteristic of a verification.

    Attributes:
        measure: name of the recogniser.
        arm: whose images were compared.
        kind: ``same`` or ``cross``.
        false_accept: share of the pairs of two people that are accepted, ascending.
        true_accept: share of the pairs of one person that are accepted, ascending.
    """

    measure: str
    arm: str
    kind: str
    false_accept: Sequence[float]
    true_accept: Sequence[float]

    @property
    def area_metric(self) -> str:
        """Name of the metric that is the area under the curve."""
        return area_metric(self.measure, self.kind)

    @property
    def rows(self) -> list[Row]:
        """Rows of roc.csv."""
        points = zip(self.false_accept, self.true_accept, strict=True)
        return [
            dict(zip(ROC_COLUMNS, (self.measure, self.arm, self.kind, far, tar), strict=True))
            for far, tar in points
        ]


def area_metric(measure: str, kind: str) -> str:
    """Name the metric that is the area under a curve.

    Args:
        measure: name of the recogniser.
        kind: ``same`` or ``cross``.

    Returns:
        ``<measure>_auc`` or ``<measure>_cross_auc``.
    """
    return f"{measure}_auc" if kind == SAME else f"{measure}_{kind}_auc"


def rate_metric(measure: str, kind: str) -> str:
    """Name the metric that is the equal error rate of a curve.

    Args:
        measure: name of the recogniser.
        kind: ``same`` or ``cross``.

    Returns:
        ``<measure>_eer`` or ``<measure>_cross_eer``.
    """
    return area_metric(measure, kind).removesuffix("auc") + "eer"


def read_curves(path: str | os.PathLike[str]) -> list[RocCurve]:
    """Read roc.csv.

    Args:
        path: the file to read.

    Returns:
        The curves in the order of the file.

    Raises:
        DataError: the file is missing or a column or number is wrong.
    """
    points: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    table = read_table(path)
    try:
        for row in table:
            key = (row["measure"], row["arm"], row["kind"])
            rates = (float(row["false_accept_rate"]), float(row["true_accept_rate"]))
            points.setdefault(key, []).append(rates)
    except (KeyError, ValueError) as error:
        raise DataError(
            f"{path}: expected columns {', '.join(ROC_COLUMNS)} with numbers ({error}); "
            "run the evaluation again if it was written by another version"
        ) from None
    return [RocCurve(*key, *zip(*rates, strict=True)) for key, rates in points.items()]
