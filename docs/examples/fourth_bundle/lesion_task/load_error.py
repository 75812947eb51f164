"""Measure: how far is the lesion load that a network reads from the true one?"""

import torch
from torch import Tensor, nn

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.io.evaluation_files import MetricInfo
from taskgan_ext.metrics.task import slice_scores


class LoadError(Measure):
    """Lesion load as T or the judge reads it, mean over the slices, and its error.

    Args:
        network: T or the judge.
        name: begins the names of the columns.
        full_load: the load that is y = 1.
    """

    def __init__(self, network: nn.Module, name: str, full_load: float) -> None:
        self.network, self.name, self.full_load = network, name, full_load

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """Read one image: input, restored or reference, in data units."""
        device = next(self.network.parameters()).device
        with torch.no_grad():
            score = slice_scores(self.network, volume.to(device, torch.float32), case.scale).mean()
        load, true_load = (self.full_load * float(value) for value in (score, case.property))
        return {f"{self.name}_load": load, f"{self.name}_load_error": abs(load - true_load)}

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """What the columns are called and mean."""
        title = self.name.capitalize()
        return {
            f"{self.name}_load": MetricInfo(
                f"{title}: lesion load", "Mean over the slices.", percent=True, digits=1
            ),
            f"{self.name}_load_error": MetricInfo(
                f"{title}: error of the lesion load",
                "Absolute difference to the true load, in per cent of the tissue.",
                percent=True,
                digits=1,
                better="lower",
                headline=True,
            ),
        }
