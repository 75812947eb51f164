"""The brain, found in relaxation maps."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.mr.morphology import cut_out
from taskgan_ext.mr.relaxation_maps import Maps

MIN_PD, MIN_T1, MIN_T2 = 0.18, 0.55, 0.055
"""Least proton density (fraction of the head's 95th percentile) and times (s) of brain and fluid. Fat and
marrow fail by T1 (0.37 s), muscle by T2 (0.036 s), bone and air by proton density."""
CUT_MM, CLOSE_MM = 3.0, 4.0
"""Bridges from the brain to eyes and scalp are thinner than twice the first; folds are thinner than twice the
second."""


def brain_mask(maps: Maps, voxel_mm: Sequence[float]) -> NDArray[np.bool_]:
    """Find brain and the fluid about it.

    Voxels with the relaxation times of brain are cut from what merely touches them
    (:func:`~taskgan_ext.mr.morphology.cut_out`).

    Args:
        maps: relaxation maps, each ``(X, Y, Z)``, times in s, proton density in any unit.
        voxel_mm: voxel size along the three axes.

    Returns:
        ``(X, Y, Z)``, true in the brain; empty where nothing looks like brain.
    """
    inside = maps.pd > 0
    if not inside.any():
        return np.zeros(maps.pd.shape, dtype=bool)
    density = maps.pd / np.percentile(maps.pd[inside], 95)
    tissue = (density > MIN_PD) & (maps.t1 > MIN_T1) & (maps.t2 > MIN_T2)
    return cut_out(tissue, voxel_mm, CUT_MM, CLOSE_MM)
