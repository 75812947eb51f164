"""Measure: relative error of each tissue."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.io.evaluation_files import MetricInfo
from taskgan_ext.metrics.masked_quality import masked_nrmse

TISSUES = {"1": "WM", "2": "GM", "3": "CSF"}


class TissueError(Measure):
    """NRMSE of each tissue without any normalisation; nothing for a case without regions.

    Args:
        tissues: name by label of the region map (as text, since JSON keys are text). A tissue that a case
            does not have is left out.
    """

    judges_reference = False

    def __init__(self, tissues: Mapping[str, str] | None = None) -> None:
        self.tissues = {int(label): name for label, name in (tissues or TISSUES).items()}

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """NRMSE of each tissue that the case has."""
        if case.regions is None:
            return {}
        regions = case.regions.expand_as(case.label)
        masks = {name: regions == label for label, name in self.tissues.items()}
        return {
            _column(name): masked_nrmse(volume, case.label, mask)
            for name, mask in masks.items()
            if mask.any()
        }

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definitions with the labels spelled out."""
        return {
            _column(name): MetricInfo(
                title=f"NRMSE in {name}",
                better="lower",
                definition=f"||x - y|| / ||y|| over the voxels of label {label}, Euclidean norm; "
                "no normalisation.",
            )
            for label, name in self.tissues.items()
        }

    @property
    def settings(self) -> dict[str, Any]:
        """Labels of the tissues."""
        return {"tissues": {str(label): name for label, name in self.tissues.items()}}


def _column(name: str) -> str:
    return f"nrmse_{name.replace(' ', '_')}"
