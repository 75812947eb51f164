"""Measure: does a classifier still read the property?"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from monai.transforms import CenterSpatialCrop
from torch import Tensor, nn

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.evaluation_files import INPUT, REFERENCE, RESTORED, MetricInfo, Row, SummaryRow
from taskgan_ext.metrics.slice_protocol import Slices
from taskgan_ext.metrics.task import area_under_curve, decide, slice_error, slice_mae, slice_scores


class TaskDecision(Measure):
    """Score and decision of a task network on every arm (Table 3 of the paper).

    The network that took part in the training is a poor judge of the restored images: it has been optimised
    to be satisfied. Evaluate it as ``name="task"`` and an independent one as ``name="judge"``.

    Args:
        network: called on ``(S, C, X, Y)`` in network units; gives an object with ``.logit``, ``(S, 1)`` or
            ``(S, n)``.
        name: prefix of the columns and name in tables.
        slices: first and last slice (inclusive) whose mean score decides a volume, ``None`` for all.
        crop: size in voxels of the central part of a slice that the network was trained on, ``None`` for all
            of it; further axes and ``-1`` (all of the axis) are accepted as in MONAI's crops.
        device: where to run; ``None`` for where the network's parameters are.
    """

    def __init__(
        self,
        network: nn.Module,
        name: str = "judge",
        slices: Slices = None,
        crop: Sequence[int] | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        self.network = network if device is None else network.to(device)
        self.name = name
        self.slices = slices
        self.crop = None if crop is None else CenterSpatialCrop(roi_size=crop)
        self.crop_size = None if crop is None else list(crop)

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """Score of the volume and its errors; a property between two classes (0.5) has no right decision."""
        target = self._target(case)
        device = next(self.network.parameters()).device
        if self.crop is not None:
            volume = plain_tensor(self.crop(volume))
        with torch.no_grad():
            scores = slice_scores(
                self.network, volume.to(device, torch.float32), case.scale, self.slices
            ).cpu()
        decision = decide(scores)
        values = {f"{self.name}_mae": slice_mae(scores, target)}
        if scores.shape[1] == 1:
            values[f"{self.name}_score"] = float(scores.mean())
        if target.is_integer():
            values[f"{self.name}_slice_error"] = slice_error(scores, int(target))
            values[f"{self.name}_error"] = float(decision != int(target))
        return values | {f"{self.name}_decision": float(decision)}

    def _target(self, case: Case) -> float:
        try:
            return float(case.property)
        except ValueError:
            raise ConfigError(
                f"{case.subject}: expected the property as a number (0 to 1, or a class index), "
                f"got {case.property!r}; map class names to numbers before the evaluation"
            ) from None

    def summarise(self, rows: Sequence[Row]) -> list[SummaryRow]:
        """Share of cases decided otherwise than on the reference; area under the curve for two classes."""
        column = f"{self.name}_decision"
        reference = {row["case"]: row[column] for row in rows if row["arm"] == REFERENCE and column in row}
        found = []
        for arm in (INPUT, RESTORED, REFERENCE):
            mine = [row for row in rows if row["arm"] == arm and column in row]
            flips = [row[column] != reference[row["case"]] for row in mine if row["case"] in reference]
            if flips and arm != REFERENCE:
                rate = sum(flips) / len(flips)
                found.append(SummaryRow(arm, f"{self.name}_flip", rate, math.nan, len(flips)))
            found.extend(self._area(arm, mine))
        return found

    def _area(self, arm: str, rows: Sequence[Row]) -> list[SummaryRow]:
        column = f"{self.name}_score"
        decided = [row for row in rows if column in row and float(row["property"]) in (0.0, 1.0)]
        scores = torch.tensor([float(row[column]) for row in decided])
        positive = torch.tensor([float(row["property"]) == 1.0 for row in decided], dtype=torch.bool)
        area = area_under_curve(scores, positive)
        return [] if math.isnan(area) else [SummaryRow(arm, f"{self.name}_auc", area, math.nan, len(decided))]

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definitions with the slices spelled out."""
        over = "all slices" if self.slices is None else f"slices {self.slices[0]} to {self.slices[1]}"
        title = self.name.capitalize()
        return {
            f"{self.name}_error": MetricInfo(
                title=f"{title}: wrong decisions",
                digits=0,
                percent=True,
                counted=True,
                better="lower",
                headline=True,
                definition=f"Cases whose decision (mean score over {over} at least 0.5, or the largest) "
                "is not the property.",
            ),
            f"{self.name}_flip": MetricInfo(
                title=f"{title}: flips",
                digits=0,
                percent=True,
                counted=True,
                better="lower",
                definition="Cases decided otherwise than on their own reference image.",
            ),
            f"{self.name}_mae": MetricInfo(
                title=f"{title}: MAE",
                better="lower",
                definition=f"mean |y - T(x)| over {over}; for several classes 1 - p(y).",
            ),
            f"{self.name}_slice_error": MetricInfo(
                title=f"{title}: wrong slices",
                digits=1,
                percent=True,
                better="lower",
                definition=f"Share of {over} that are decided wrongly on their own.",
            ),
            f"{self.name}_auc": MetricInfo(
                title=f"{title}: AUC",
                better="higher",
                definition="Area under the ROC curve of the score over cases, two classes.",
            ),
            f"{self.name}_score": MetricInfo(
                title=f"{title}: score", definition=f"Mean probability of class 1 over {over}, two classes."
            ),
            f"{self.name}_decision": MetricInfo(
                title=f"{title}: decision", digits=2, definition="Decided class of the case."
            ),
        }

    @property
    def settings(self) -> dict[str, Any]:
        """Name, kind of network and slices."""
        return {
            "name": self.name,
            "network": type(self.network).__name__,
            "slices": None if self.slices is None else list(self.slices),
            "crop": self.crop_size,
        }
