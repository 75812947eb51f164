"""Measure: cerebrospinal fluid that is bright where it should be dark."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.io.evaluation_files import MetricInfo
from taskgan_ext.metrics.tissue import brighter_fraction


class FlairArtefact(Measure):
    """Share of the CSF that is brighter than white matter, in the image itself and in the reference.

    Synthetic T2-FLAIR images show a bright rim, where cortex and CSF share a voxel, and grainy ventricles,
    where CSF flows: Hagiwara et al., AJNR 40 (2019), who compare analytic and learned T2-FLAIR images. A
    scale of the image cancels. Nothing for a case without regions.

    Args:
        groups: contrasts that null CSF; the others are not measured.
        csf_label: label of CSF in the region map.
        white_matter_label: label of white matter.
    """

    def __init__(
        self, groups: Sequence[str] = ("T2FLAIR",), csf_label: int = 3, white_matter_label: int = 1
    ) -> None:
        self.groups = list(groups)
        self.csf_label = csf_label
        self.white_matter_label = white_matter_label

    def __call__(self, case: Case, volume: Tensor) -> dict[str, float]:
        """Share of bright CSF voxels of one arm."""
        if case.regions is None or case.group not in self.groups:
            return {}
        regions = case.regions.expand_as(case.label)
        csf, white_matter = regions == self.csf_label, regions == self.white_matter_label
        if not (csf.any() and white_matter.any()):
            return {}
        return {"csf_artefact": brighter_fraction(volume, csf, white_matter)}

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definition with labels and contrasts spelled out."""
        return {
            "csf_artefact": MetricInfo(
                title="Bright CSF",
                digits=1,
                percent=True,
                better="lower",
                headline=True,
                definition=f"Share of the CSF voxels (label {self.csf_label}) that are brighter than the "
                f"mean white matter (label {self.white_matter_label}) of the same image; on "
                f"{', '.join(self.groups)}.",
            )
        }

    @property
    def settings(self) -> dict[str, Any]:
        """Contrasts and labels."""
        return {
            "groups": self.groups,
            "csf_label": self.csf_label,
            "white_matter_label": self.white_matter_label,
        }
