"""Regions of the brain told apart by their relaxation times."""

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.mr.relaxation_maps import Maps

REGION_CODES = {
    "white matter": 1,
    "grey matter": 2,
    "cerebrospinal fluid": 3,
    "deep grey matter": 4,
    "lesion": 5,
}
"""Codes of a region map; 0 is no region."""
WHITE_T1, FLUID_T1, FLUID_T2 = 1.08, 2.4, 0.25
"""Borders in s. At 3 T white matter has a T1 of about 0.88 s, cortex 1.36 s and fluid 4.2 s; T2 is 0.08, 0.10
and 1.7 s. The border to white matter is half-way on a scale of log T1, and that to fluid is where about half
of a voxel is fluid."""


def tissue_classes(maps: Maps, mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Divide the brain into white matter, grey matter and cerebrospinal fluid.

    Fluid has a T1 above 2.4 s or a T2 above 0.25 s; the rest is white matter below a T1 of 1.08 s and grey
    matter above it. Deep grey matter is not told from cortex, and a lesion counts as the grey matter whose
    T1 it has. The borders hold for 3 T.

    Args:
        maps: relaxation maps, each ``(X, Y, Z)``, times in s.
        mask: ``(X, Y, Z)``, true in the brain.

    Returns:
        ``(X, Y, Z)`` of ``REGION_CODES``, 0 outside the brain.
    """
    regions = np.where(maps.t1 < WHITE_T1, REGION_CODES["white matter"], REGION_CODES["grey matter"])
    regions[(maps.t1 > FLUID_T1) | (maps.t2 > FLUID_T2)] = REGION_CODES["cerebrospinal fluid"]
    return np.where(mask, regions, 0).astype(np.uint8)
