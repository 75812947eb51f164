"""Measure: cortical and regional SUVR."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.io.evaluation_files import REFERENCE, MetricInfo, Row, SummaryRow, arms_of
from taskgan_ext.metrics.uptake import regional_suvr

SUVR = "suvr_cortex"
TRUTH = "true_suvr"


class RegionalUptake(Measure):
    """SUVR of the cortical composite and of each region; nothing for a case without regions.

    Args:
        cortex_labels: labels of the cortical composite.
        reference_labels: labels of the reference region.
        region_names: name by label (as text, since JSON keys are text); only named regions get a column.
    """

    def __init__(
        self,
        cortex_labels: Sequence[int] = tuple(range(1, 9)),
        reference_labels: Sequence[int] = (20,),
        region_names: Mapping[str, str] | None = None,
    ) -> None:
        self.cortex_labels = list(cortex_labels)
        self.reference_labels = list(reference_labels)
        self.region_names = {int(label): name for label, name in (region_names or {}).items()}

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """SUVR of one arm, its bias against the reference and, where it is known, against the truth."""
        if case.regions is None:
            return {}
        found, reference = (
            regional_suvr(x[0], case.regions[0], self.cortex_labels, self.reference_labels)
            for x in (volume, case.label)
        )
        values = {SUVR: found.cortex}
        if volume is not case.label:
            values["suvr_bias"] = found.cortex / reference.cortex - 1.0
        if TRUTH in case.truth:
            values["suvr_truth_bias"] = found.cortex / case.truth[TRUTH] - 1.0
        for label, name in self.region_names.items():
            if label in found.regions:
                values[f"suvr_{_column(name)}"] = found.regions[label]
                if volume is not case.label:
                    values[f"suvr_{_column(name)}_bias"] = (
                        found.regions[label] / reference.regions[label] - 1.0
                    )
        return values

    def summarise(self, rows: Sequence[Row]) -> list[SummaryRow]:
        """Slope of the cortical SUVR over subjects: against the reference, and against the truth if known."""
        reference = {row["case"]: row[SUVR] for row in rows if row["arm"] == REFERENCE and SUVR in row}
        truth = {row["case"]: row[TRUTH] for row in rows if TRUTH in row}
        found = []
        for arm in arms_of(rows):
            suvr = {row["case"]: row[SUVR] for row in rows if row["arm"] == arm and SUVR in row}
            if arm != REFERENCE:
                found.append(_slope(arm, "suvr_slope", suvr, reference))
            found.append(_slope(arm, "suvr_truth_slope", suvr, truth))
        return [row for row in found if row is not None]

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definitions with the labels spelled out."""
        ratio = "mean uptake divided by that of the reference region"
        infos = {
            SUVR: MetricInfo(
                title="Cortical SUVR",
                plot="agreement",
                definition=f"Cortical composite (labels {_listed(self.cortex_labels)}), {ratio} "
                f"(labels {_listed(self.reference_labels)}).",
            ),
            "suvr_bias": MetricInfo(
                title="Bias of cortical SUVR",
                digits=1,
                percent=True,
                better="zero",
                headline=True,
                definition="SUVR divided by that of the reference image, minus 1.",
            ),
            "suvr_slope": MetricInfo(
                title="Slope of cortical SUVR",
                digits=2,
                better="one",
                headline=True,
                definition="Least-squares slope over subjects, SUVR against that of the reference image; "
                "below 1 the difference between subjects is lost.",
            ),
            "suvr_truth_bias": MetricInfo(
                title="Bias of cortical SUVR to the truth",
                digits=1,
                percent=True,
                better="zero",
                definition="SUVR divided by the noise-free one of the simulation, minus 1.",
            ),
            "suvr_truth_slope": MetricInfo(
                title="Slope of cortical SUVR to the truth",
                digits=2,
                better="one",
                definition="Least-squares slope over subjects, SUVR against the noise-free one.",
            ),
        }
        for label, name in self.region_names.items():
            infos[f"suvr_{_column(name)}"] = MetricInfo(
                title=f"SUVR {name}", definition=f"Label {label}: {ratio}."
            )
            infos[f"suvr_{_column(name)}_bias"] = MetricInfo(
                title=f"Bias of SUVR {name}",
                digits=1,
                percent=True,
                better="zero",
                definition="SUVR of the region divided by that of the reference image, minus 1.",
            )
        return infos

    @property
    def settings(self) -> dict[str, Any]:
        """Labels of the regions."""
        return {
            "cortex_labels": self.cortex_labels,
            "reference_labels": self.reference_labels,
            "region_names": {str(label): name for label, name in self.region_names.items()},
        }


def _slope(
    arm: str, metric: str, found: Mapping[Any, str | float], against: Mapping[Any, str | float]
) -> SummaryRow | None:
    common = [case for case in found if case in against]
    x = np.array([float(against[case]) for case in common])
    y = np.array([float(found[case]) for case in common])
    if len(x) < 2 or np.ptp(x) == 0:
        return None
    centred = x - x.mean()
    return SummaryRow(arm, metric, float(centred @ y / (centred @ centred)), float("nan"), len(x))


def _column(name: str) -> str:
    return name.replace(" ", "_")


def _listed(labels: Sequence[int]) -> str:
    return ", ".join(str(label) for label in labels)
