"""Measure: does a classifier still read the property?"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from monai.transforms import CenterSpatialCrop
from torch import Tensor, nn

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.evaluation_files import REFERENCE, MetricInfo, Row, SummaryRow, arms_of
from taskgan_ext.metrics.roc import area_under_curve
from taskgan_ext.metrics.slice_protocol import Slices, cut_slices
from taskgan_ext.metrics.task import (
    decide,
    slice_error,
    slice_mae,
    slice_scores,
    slices_with_brain,
)


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
        families: family by class index (as text, since JSON keys are text), where some classes look alike,
            such as ``{"0": "T1", "1": "T1"}``; a class that is not listed is a family of its own. ``None``
            for no families.
        min_mask: slices of which the brain mask covers a smaller share, after the crop, do not vote; for
            cases with a mask. Give the one that the network was trained with.
    """

    def __init__(
        self,
        network: nn.Module,
        name: str = "judge",
        slices: Slices = None,
        crop: Sequence[int] | None = None,
        device: str | torch.device | None = None,
        families: Mapping[str, str] | None = None,
        min_mask: float = 0.04,
    ) -> None:
        self.network = network if device is None else network.to(device)
        self.name = name
        self.slices = slices
        self.crop = None if crop is None else CenterSpatialCrop(roi_size=crop)
        self.crop_size = None if crop is None else list(crop)
        self.families = {int(label): family for label, family in (families or {}).items()}
        self.min_mask = min_mask

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """Score of the volume and its errors; a property between two classes (0.5) has no right decision.

        Nothing where no slice shows enough of the brain to vote.
        """
        target = self._target(case)
        voting = self._voting(case, volume)
        if voting.shape[-1] == 0:
            return {}
        scores = self._scores(voting, case.scale)
        decision = decide(scores)
        values = {f"{self.name}_mae": slice_mae(scores, target)}
        if scores.shape[1] == 1:
            values[f"{self.name}_score"] = float(scores.mean())
        if target.is_integer():
            values[f"{self.name}_slice_error"] = slice_error(scores, int(target))
            values[f"{self.name}_error"] = float(decision != int(target))
            if self.families:
                wrong = self._family(decision) != self._family(int(target))
                values[f"{self.name}_family_error"] = float(wrong)
        return values | {f"{self.name}_decision": float(decision)}

    def _voting(self, case: Case, volume: Tensor) -> Tensor:
        """The slices that decide a volume, ``(C, X, Y, S)``; a flat image ``(C, X, Y)`` decides by itself."""
        if volume.ndim == 3:
            return self._cropped(volume)
        slices = self._cropped(cut_slices(volume, self.slices))
        if case.mask is None:
            return slices
        # The share counts after the crop, as in the training.
        mask = self._cropped(cut_slices(case.mask, self.slices))
        return slices[..., slices_with_brain(mask, self.min_mask)]

    def _cropped(self, volume: Tensor) -> Tensor:
        return volume if self.crop is None else plain_tensor(self.crop(volume))

    def _scores(self, volume: Tensor, scale: float) -> Tensor:
        device = next(self.network.parameters()).device
        with torch.no_grad():
            return slice_scores(self.network, volume.to(device, torch.float32), scale).cpu()

    def _family(self, label: int) -> str | int:
        return self.families.get(label, label)

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
        for arm in arms_of(rows):
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
        scores = np.array([float(row[column]) for row in decided])
        positive = np.array([float(row["property"]) == 1.0 for row in decided], dtype=bool)
        area = area_under_curve(scores, positive)
        return [] if math.isnan(area) else [SummaryRow(arm, f"{self.name}_auc", area, math.nan, len(decided))]

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definitions with slices and families spelled out."""
        over = "all slices" if self.slices is None else f"slices {self.slices[0]} to {self.slices[1]}"
        return self._error_infos(over) | {
            f"{self.name}_mae": MetricInfo(
                title=f"{self._title}: MAE",
                better="lower",
                definition=f"Two classes: mean |y - T(x)| over {over}; several: 1 - mean probability of y.",
            ),
            f"{self.name}_slice_error": MetricInfo(
                title=f"{self._title}: wrong slices",
                digits=1,
                percent=True,
                better="lower",
                definition=f"Share of {over} that are decided wrongly on their own.",
            ),
            f"{self.name}_auc": MetricInfo(
                title=f"{self._title}: AUC",
                better="higher",
                definition="Area under the ROC curve of the score over cases; two classes only.",
            ),
            f"{self.name}_score": MetricInfo(
                title=f"{self._title}: score",
                definition=f"Mean probability of class 1 over {over}; two classes only.",
            ),
            f"{self.name}_decision": MetricInfo(
                title=f"{self._title}: decision",
                digits=2,
                definition="Index of the decided class.",
            ),
        }

    @property
    def _title(self) -> str:
        return self.name.capitalize()

    def _error_infos(self, over: str) -> dict[str, MetricInfo]:
        """Definitions of the rates."""
        after = "" if self.crop is None else " after the crop"
        rate = partial(MetricInfo, digits=0, percent=True, counted=True, better="lower")
        infos = {
            f"{self.name}_error": rate(
                title=f"{self._title}: wrong decisions",
                headline=True,
                definition="Cases whose decision is not the property. Two classes: the mean score over "
                f"{over} is at least 0.5, or not; several: the largest mean probability. Slices of which "
                f"a brain mask covers less than {100 * self.min_mask:g} %{after} do not count, here and "
                "below.",
            )
        }
        if self.families:
            infos[f"{self.name}_family_error"] = rate(
                title=f"{self._title}: wrong families",
                definition="Cases whose decision and property belong to different families: "
                f"{_listed(self.families)}; other classes stand alone.",
            )
        infos[f"{self.name}_flip"] = rate(
            title=f"{self._title}: flips",
            definition="Cases decided otherwise than on their own reference image.",
        )
        return infos

    @property
    def settings(self) -> dict[str, Any]:
        """Name, kind of network, slices and families."""
        return {
            "name": self.name,
            "network": type(self.network).__name__,
            "slices": None if self.slices is None else list(self.slices),
            "crop": self.crop_size,
            "families": {str(label): family for label, family in self.families.items()},
            "min_mask": self.min_mask,
        }


def _listed(families: Mapping[int, str]) -> str:
    """Print classes by family: ``T1 (0, 1), T2 (2, 4)``."""
    members: dict[str, list[str]] = {}
    for label, family in families.items():
        members.setdefault(family, []).append(str(label))
    return ", ".join(f"{family} ({', '.join(labels)})" for family, labels in members.items())
