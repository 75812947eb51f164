"""Measure: are lesions still there, as bright and as large as in the reference?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.io.evaluation_files import MetricInfo
from taskgan_ext.metrics.tissue import best_threshold, contrast, dice, mean_inside

MIN_VOXELS = 4
"""The mean over fewer voxels is noise."""


@dataclass(frozen=True)
class _Tissues:
    """Boolean masks of the shape of the target."""

    lesion: Tensor
    white_matter: Tensor
    candidates: Tensor


class LesionFidelity(Measure):
    """Intensity, contrast and outline of lesions, which PSNR hardly sees because they are small.

    The lesions of a case are taken together. Measured where a case has a region map with white matter and at
    least four lesion voxels; subjects without lesions have no value.

    The outline is what a threshold finds inside the brain without CSF. It is a multiple of the mean white
    matter of the same image, so that a scale of the image cancels, and the same multiple for every image of a
    case: the one that finds the lesions best on the reference. A level half way between lesions and white
    matter, or some standard deviations above it, would also take in cortex and the rim of the brain. The Dice
    coefficient of the reference itself is the most that a threshold can reach there, and is given beside that
    of the other arms.

    That coefficient also falls where lesions are merely brighter or darker than in the reference. The one at
    the threshold that is best on the image itself does not: it tells how well lesions can be told from the
    rest of the brain. It is an upper bound: who does not have the truth does not know that threshold.

    Args:
        lesion_label: label of lesions in the region map.
        white_matter_label: label of normal white matter.
        csf_label: label of CSF.
        groups: contrasts that are measured, ``None`` for all.
        dice_groups: those of them on which a threshold can find lesions.
    """

    def __init__(
        self,
        lesion_label: int = 5,
        white_matter_label: int = 1,
        csf_label: int = 3,
        groups: Sequence[str] | None = None,
        dice_groups: Sequence[str] = ("T2FLAIR",),
    ) -> None:
        self.lesion_label = lesion_label
        self.white_matter_label = white_matter_label
        self.csf_label = csf_label
        self.groups = None if groups is None else list(groups)
        self.dice_groups = list(dice_groups)

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """Contrast and Dice coefficient of one arm; errors of all but the reference."""
        if self.groups is not None and case.group not in self.groups:
            return {}
        tissues = self._tissues(case)
        if tissues is None:
            return {}
        x, y = volume, case.label
        found = contrast(x, tissues.lesion, tissues.white_matter)
        values = {"lesion_contrast": found}
        if x is not y:
            intensity = (mean_inside(image, tissues.lesion) for image in (x, y))
            bias = _relative_error(found, contrast(y, tissues.lesion, tissues.white_matter))
            values["lesion_intensity_error"] = abs(_relative_error(*intensity))
            values["lesion_contrast_error"] = abs(bias)
            values["lesion_contrast_bias"] = bias
        return values | (self._outline(x, y, tissues) if case.group in self.dice_groups else {})

    @staticmethod
    def _outline(volume: Tensor, target: Tensor, tissues: _Tissues) -> dict[str, float]:
        truth = tissues.lesion[tissues.candidates]
        x, y = (
            image[tissues.candidates].double() / mean_inside(image, tissues.white_matter)
            for image in (volume, target)
        )
        thresholds = {"lesion_dice": best_threshold(y, truth), "lesion_dice_best": best_threshold(x, truth)}
        return {name: dice(x >= threshold, truth) for name, threshold in thresholds.items()}

    def _tissues(self, case: Case) -> _Tissues | None:
        if case.regions is None:
            return None
        regions = case.regions.expand_as(case.label)
        brain = regions > 0 if case.mask is None else case.mask.expand_as(case.label)
        lesion, white_matter = regions == self.lesion_label, regions == self.white_matter_label
        candidates = brain & (regions != self.csf_label)
        if int((lesion & candidates).sum()) < MIN_VOXELS or not white_matter.any():
            return None
        return _Tissues(lesion & candidates, white_matter, candidates)

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definitions with labels and contrasts spelled out."""
        where = f"lesion voxels (label {self.lesion_label}) in the brain mask"
        ratio = f"mean over the {where}, divided by that of white matter (label {self.white_matter_label})"
        voxels = f"brain voxels without CSF (label {self.csf_label})"
        on = f"on {', '.join(self.dice_groups)}"
        return {
            "lesion_intensity_error": MetricInfo(
                title="Lesion intensity error",
                digits=1,
                percent=True,
                better="lower",
                headline=True,
                definition=f"|mean(x) - mean(y)| / mean(y) over the {where}; no normalisation.",
            ),
            "lesion_contrast": MetricInfo(
                title="Lesion contrast", digits=2, plot="agreement", definition=f"{ratio.capitalize()}."
            ),
            "lesion_contrast_error": MetricInfo(
                title="Lesion contrast error",
                digits=1,
                percent=True,
                better="lower",
                headline=True,
                definition=f"|Lesion contrast of x divided by that of y, minus 1|, of each case ({ratio}).",
            ),
            "lesion_contrast_bias": MetricInfo(
                title="Lesion contrast bias",
                digits=1,
                percent=True,
                better="zero",
                definition="Lesion contrast of x divided by that of y, minus 1; below 0 lesions are too "
                "faint. Cases of opposite sign cancel in the mean.",
            ),
            "lesion_dice": MetricInfo(
                title="Lesion Dice",
                better="higher",
                headline=True,
                definition=f"Dice coefficient of the {where} and the {voxels} above a multiple of the mean "
                f"white matter of the same image, the multiple that is best on the reference; {on}.",
            ),
            "lesion_dice_best": MetricInfo(
                title="Lesion Dice at best",
                better="higher",
                headline=True,
                definition=f"Dice coefficient of the {where} and the {voxels} above the threshold that is "
                f"best on this very image: an upper bound, since it is chosen with the truth; {on}.",
            ),
        }

    @property
    def settings(self) -> dict[str, Any]:
        """Labels, contrasts and the smallest lesion load."""
        return {
            "lesion_label": self.lesion_label,
            "white_matter_label": self.white_matter_label,
            "csf_label": self.csf_label,
            "groups": self.groups,
            "dice_groups": self.dice_groups,
            "min_voxels": MIN_VOXELS,
        }


def _relative_error(found: float, reference: float) -> float:
    return found / reference - 1.0 if reference > 0 else math.nan
