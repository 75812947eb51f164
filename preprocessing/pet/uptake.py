"""How a subject takes up the amyloid tracer: presets, amyloid load and regional values."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from preprocessing.pet.regions import REGIONS, STAGING

_UNINVOLVED = 0.12  # share of the amyloid increase in regions that the disease has not reached
_WHITE_MATTER_MEAN = 1.62


@dataclass(frozen=True)
class Preset:
    """How hard it is to tell amyloid-positive from amyloid-negative subjects.

    Attributes:
        load_range: uniform range of the positive amyloid load.
        num_involved: least and greatest number of involved regions of a positive subject.
        white_matter_sd: spread of the white matter uptake between subjects; it confounds the contrast of
            grey and white matter by which readers decide.
        patchiness: standard deviation of the smooth field on the cortical uptake.
    """

    load_range: tuple[float, float]
    num_involved: tuple[int, int]
    white_matter_sd: float
    patchiness: float


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "easy": Preset((0.38, 1.05), (len(REGIONS), len(REGIONS)), 0.10, 0.06),
        "faithful": Preset((0.30, 0.95), (6, 12), 0.13, 0.08),
        "hard": Preset((0.18, 0.75), (4, 10), 0.17, 0.10),
    }
)
"""``faithful`` is meant to be told apart without error on full-dose volumes, as the paper's cohort was."""


@dataclass(frozen=True)
class Uptake:
    """The tracer uptake of one subject; cerebellar grey matter is 1.

    Attributes:
        load: amyloid load; 0 is none, 1 the mean of advanced disease.
        involved: names of the regions that the disease has reached, in order of ``STAGING``.
        regional: name of region to uptake of its grey matter.
        cerebellum: uptake of cerebellar grey matter.
        white_matter: uptake of white matter before the increase in its depth.
        scalp: uptake of the scalp.
    """

    load: float
    involved: tuple[str, ...]
    regional: Mapping[str, float]
    cerebellum: float
    white_matter: float
    scalp: float


def draw_uptake(preset: Preset, positive: bool, rng: np.random.Generator) -> Uptake:
    """Draw the uptake of one subject.

    Args:
        preset: difficulty.
        positive: the class to draw from. The label is decided later, by the SUVR of the finished phantom.
        rng: source of randomness.
    """
    if positive:
        load = float(rng.uniform(*preset.load_range))
        low, high = preset.num_involved
        involved = _draw_involved(int(rng.integers(low, high, endpoint=True)), rng)
    else:
        load = float(np.clip(rng.normal(0.05, 0.07), -0.08, 0.22))
        involved = STAGING  # the little there is, is everywhere
    spread = 0.15 if positive else 0.05
    regional = {}
    for region in REGIONS:
        share = 1.0 if region.name in involved else _UNINVOLVED
        baseline = region.baseline * rng.normal(1, 0.035)
        regional[region.name] = float(baseline + load * share * region.increase * rng.normal(1, spread))
    return Uptake(
        load=load,
        involved=involved if positive else (),
        regional=regional,
        cerebellum=float(rng.normal(1, 0.02)),
        white_matter=float(rng.normal(_WHITE_MATTER_MEAN, preset.white_matter_sd)),
        scalp=float(0.55 * rng.normal(1, 0.15)),
    )


def _draw_involved(count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Up to eight: a random choice of the first eight of ``STAGING``; more: the first ``count``."""
    if count > 8:
        return STAGING[:count]
    return tuple(STAGING[index] for index in sorted(rng.permutation(8)[:count].tolist()))
