"""One evaluated case and what a measure of it looks like: the contract between handlers and metrics."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from taskgan_ext.io.evaluation_files import MetricInfo, Row, SummaryRow


@dataclass(frozen=True)
class Case:
    """A degraded, a target and a restored image of one subject, on one grid and in one unit.

    Attributes:
        subject: identifier of the person.
        property: y, the property that must survive: a number, or the name of a class.
        image: the degraded image, shape ``(C, X, Y, Z)`` or ``(C, X, Y)``, in data units.
        label: the target image.
        pred: the restored image.
        regions: integer label map on the same grid, shape ``(1, X, Y, Z)`` or ``(1, X, Y)``, or ``None``.
        scale: data units per network unit.
        truth: noise-free values known from a simulation, such as ``true_suvr``.
        mask: where the image counts (the brain), boolean, same grid and shape as ``regions``, or ``None``.
        group: group of the case, such as the name of its MR contrast; empty where there are no groups.
    """

    subject: str
    property: float | str
    image: Tensor
    label: Tensor
    pred: Tensor
    regions: Tensor | None = None
    scale: float = 1.0
    truth: Mapping[str, float] = field(default_factory=dict)
    mask: Tensor | None = None
    group: str = ""


class Measure(ABC):
    """Something that is measured on every arm of a case; picked in the configuration of an evaluation.

    Attributes:
        judges_reference: whether the measure makes sense on the reference image too.
    """

    judges_reference: bool = True

    @abstractmethod
    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """Measure one arm.

        Args:
            case: the case.
            volume: ``case.image``, ``case.pred``, ``case.label`` or the image of a comparison, in data units.

        Returns:
            Values by column; empty where the case lacks what the measure needs. Under a key that starts with
            ``_`` anything may travel to the methods below, such as an embedding; it is written nowhere.
        """

    @property
    @abstractmethod
    def metrics(self) -> dict[str, MetricInfo]:
        """Definition of every column and of every value that ``summarise`` gives."""

    @property
    def settings(self) -> dict[str, Any]:
        """Settings that the numbers depend on, JSON-serialisable."""
        return {}

    def summarise(self, rows: Sequence[Row]) -> list[SummaryRow]:  # noqa: ARG002  # hook with an empty default
        """Compute values that need the whole table, such as a slope over subjects.

        Called with all rows, then with those of each group.

        Args:
            rows: rows of cases.csv, all arms.

        Returns:
            Rows of the summary beside the means of the columns; the caller fills in their group.
        """
        return []

    def compare(self, rows: Sequence[Row], arms: Sequence[str]) -> list[SummaryRow]:  # noqa: ARG002
        """Compare values that need the whole table, restored minus another arm.

        Called as ``summarise`` is; the differences of columns are taken by the caller, case by case.

        Args:
            rows: rows of cases.csv, all arms.
            arms: arms to compare the restored image with; some may have no row.

        Returns:
            Differences with their intervals, under the name of the other arm.
        """
        return []

    def tables(self, rows: Sequence[Row]) -> dict[str, list[Row]]:  # noqa: ARG002
        """Lay out what does not fit into the summary, such as curves.

        Args:
            rows: rows of cases.csv, all arms.

        Returns:
            Rows by name of the file; measures that give the same file, with the same columns, share it.
        """
        return {}
