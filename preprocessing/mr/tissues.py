"""Tissues at 3 T: proton density, relaxation times and pools."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

FIELD_STRENGTH = 3.0
"""In T; relaxation times hold for it."""


@dataclass(frozen=True)
class Tissue:
    """What the signal of a pure voxel follows from.

    Attributes:
        pd: proton density relative to water.
        t1: longitudinal relaxation time in s.
        t2: transverse relaxation time in s.
        myelin: share of the water that is trapped between myelin sheets and relaxes by ``MYELIN_WATER``.
        bound: share of protons bound to macromolecules, which transfer saturation to water.
        t2_train: T2 in s in an echo train of many pulses, where fat decays more slowly; as ``t2`` if None.
    """

    pd: float
    t1: float
    t2: float
    myelin: float = 0.0
    bound: float = 0.0
    t2_train: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """All values, JSON-serialisable."""
        return asdict(self)


TISSUES = {
    "WM": Tissue(0.70, 0.88, 0.076, 0.13, 0.16),
    "GM": Tissue(0.82, 1.36, 0.096, 0.03, 0.09),
    "CSF": Tissue(1.00, 4.20, 1.700),
    "DGM": Tissue(0.79, 1.12, 0.074, 0.05, 0.10),
    "LES": Tissue(0.92, 1.60, 0.165, 0.02, 0.04),
    "FAT": Tissue(0.90, 0.37, 0.058, t2_train=0.105),
    "MUSC": Tissue(0.75, 1.35, 0.036, bound=0.10),
    "BONE": Tissue(0.45, 0.36, 0.055, t2_train=0.095),
    "BLOOD": Tissue(0.85, 1.80, 0.090),
}
"""White matter, grey matter, cerebrospinal fluid, deep grey matter, lesion, fat, muscle, bone marrow, venous
blood. Compact bone and air give no signal and are what the fractions leave over."""
MYELIN_WATER = Tissue(1.0, 0.35, 0.013)
"""T1 and T2 of the water between myelin sheets."""
WM, GM, CSF, DGM, LES, FAT, MUSC, BONE, BLOOD = range(len(TISSUES))
"""Index of each tissue in arrays of fractions."""


def draw_tissues(spread: float, rng: np.random.Generator) -> dict[str, Tissue]:
    """Draw the tissues of one subject about those of the table.

    Args:
        spread: relative standard deviation of T1, T2 and PD between subjects.
        rng: source of randomness.

    Returns:
        Name to tissue, in the order of ``TISSUES``.
    """
    drawn = {}
    for name, tissue in TISSUES.items():
        pd, t1, t2 = np.exp(spread * np.clip(rng.standard_normal(3), -2.5, 2.5)).tolist()
        train = None if tissue.t2_train is None else tissue.t2_train * t2
        drawn[name] = replace(tissue, pd=tissue.pd * pd, t1=tissue.t1 * t1, t2=tissue.t2 * t2, t2_train=train)
    return drawn
