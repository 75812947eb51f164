"""How well fitted maps explain the images they were fitted to."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from taskgan_ext.mr.echo_decay import MAX_T2, MIN_T2
from taskgan_ext.mr.recovery_dictionary import T1_GRID
from taskgan_ext.mr.relaxation_maps import Maps
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal

MAX_MISFIT, MAX_AT_END = 0.05, 0.5
"""Beyond these a fit is wrong. On simulated scans with a signal-to-noise ratio of 7 to 45 the misfit is at
most 0.011 and the share at an end 0.05; times in a wrong unit give 0.16 to 0.23, or all voxels."""
DOUBTFUL_MISFIT = 0.01
USUAL = {"median_b1": (0.8, 1.2), "median_t1": (0.5, 2.0), "median_t2": (0.05, 0.2)}
"""Where the medians of a brain lie at 1.5 and 3 T; times in s."""

_END = 0.01  # relative distance from the limit of a fit at which a voxel counts as having run into it


@dataclass(frozen=True)
class FitQuality:
    """What a fit in the brain looks like.

    Attributes:
        misfit: energy of the images that the maps leave unexplained, as a fraction. Images and rest are
            averaged over 3 x 3 voxels first, so that noise counts little and a wrong model fully.
        t1_at_end: share of voxels whose T1 is at the shortest or longest that can be fitted.
        t2_at_end: likewise of T2.
        median_t1: in s.
        median_t2: in s.
        median_b1: as a fraction of the nominal field.
    """

    misfit: float
    t1_at_end: float
    t2_at_end: float
    median_t1: float
    median_t2: float
    median_b1: float

    def fault(self) -> str:
        """Why the maps cannot be right; empty where they can."""
        if self.misfit > MAX_MISFIT:
            return f"no T1, T2 and transmit field explain {self.misfit:.1%} of their energy"
        for name, share in (("T1", self.t1_at_end), ("T2", self.t2_at_end)):
            if share > MAX_AT_END:
                return f"{name} runs to the limit of the fit in {share:.0%} of the brain"
        return ""

    def doubts(self) -> list[str]:
        """What is unusual about the maps, one text each."""
        texts = []
        if self.misfit > DOUBTFUL_MISFIT:
            texts.append(f"the maps leave {self.misfit:.1%} of the images' energy unexplained")
        units = {"median_b1": "of the nominal field", "median_t1": "s", "median_t2": "s"}
        for key, (low, high) in USUAL.items():
            value = getattr(self, key)
            if not low <= value <= high:
                name = key.removeprefix("median_").upper()
                texts.append(
                    f"the median {name} of the brain is {value:.3g} {units[key]}, usual are "
                    f"{low:g} to {high:g}"
                )
        return texts

    def to_dict(self) -> dict[str, float]:
        """All values, JSON-serialisable."""
        return {name: round(value, 5) for name, value in asdict(self).items()}


def measure_fit(
    signed: NDArray[np.float32], sequence: MDMESequence, maps: Maps, brain: NDArray[np.bool_]
) -> FitQuality:
    """Compare images with those that their maps predict.

    Args:
        signed: images of shape ``(X, Y, Z, delays, echoes)``, phase removed; slices along the third axis.
        sequence: times and angles of the images.
        maps: fitted to them.
        brain: ``(X, Y, Z)``, true in the brain; voxels without a fit are left out.

    Returns:
        The quality; where no voxel of the brain was fitted, everything counts as unexplained.
    """
    inside = brain & (maps.t1 > 0)
    if not inside.any():
        return FitQuality(1.0, 1.0, 1.0, 0.0, 0.0, 0.0)
    t1, t2, pd, b1 = (volume[inside] for volume in (maps.t1, maps.t2, maps.pd, maps.b1))
    measured = signed[inside]
    energies = []
    for values in (measured - mdme_signal(t1, t2, pd, sequence, b1), measured):
        volume = np.zeros(signed.shape, np.float32)
        volume[inside] = values
        smooth = uniform_filter(volume, size=(3, 3, 1, 1, 1))
        energies.append(float(np.sum(np.square(smooth), dtype=np.float64)))
    return FitQuality(
        misfit=energies[0] / max(energies[1], np.finfo(np.float64).tiny),
        t1_at_end=_share_at_end(t1, float(T1_GRID[0]), float(T1_GRID[-1])),
        t2_at_end=_share_at_end(t2, MIN_T2, MAX_T2),
        median_t1=float(np.median(t1)),
        median_t2=float(np.median(t2)),
        median_b1=float(np.median(b1)),
    )


def _share_at_end(values: NDArray[np.float32], low: float, high: float) -> float:
    return float(np.mean((values < low * (1 + _END)) | (values > high * (1 - _END))))
