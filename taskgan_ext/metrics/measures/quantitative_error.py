"""Measure: bias and relative error in the unit of the data."""

from typing import Any

from torch import Tensor

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.io.evaluation_files import MetricInfo
from taskgan_ext.metrics.masked_quality import masked_nrmse
from taskgan_ext.metrics.uptake import object_mask, relative_bias


class QuantitativeError(Measure):
    """Bias of the mean and NRMSE inside the object, without any normalisation: what mean-normalisation hides.

    Args:
        fraction: where a case has no regions, the object is ``y > fraction * max(y)``.
    """

    judges_reference = False

    def __init__(self, fraction: float = 0.1) -> None:
        self.fraction = fraction

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """Bias and NRMSE of one arm against the target."""
        regions = None if case.regions is None else case.regions.expand_as(case.label)
        mask = object_mask(case.label, regions, self.fraction)
        return {
            "bias": relative_bias(volume, case.label, mask),
            "object_nrmse": masked_nrmse(volume, case.label, mask),
        }

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definitions with the mask spelled out."""
        where = (
            f"in the object (regions > 0, or y > {self.fraction:g} of its maximum), in the unit of the data"
        )
        return {
            "bias": MetricInfo(
                title="Bias of the mean",
                digits=1,
                percent=True,
                better="zero",
                headline=True,
                definition=f"mean(x) / mean(y) - 1 {where}.",
            ),
            "object_nrmse": MetricInfo(
                title="NRMSE in the object",
                better="lower",
                definition=f"||x - y|| / ||y|| {where}; no normalisation.",
            ),
        }

    @property
    def settings(self) -> dict[str, Any]:
        """Threshold of the mask."""
        return {"fraction": self.fraction}
