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
FLUID_T1, FLUID_T2 = 2.4, 0.25
"""Least T1 or T2 of fluid in s. At 3 T white matter has a T1 of about 0.88 s, cortex 1.36 s and fluid 4.2 s;
T2 is 0.08, 0.10 and 1.7 s. That of fluid hardly depends on the field. At the border about half of a voxel is
fluid."""
DEFAULT_FIELD = 3.0

_WHITE_T1, _WHITE_T1_GROWTH = 1.08, 0.49


def white_matter_border(field_strength: float | None = None) -> float:
    """Give the T1 between white and grey matter, half-way on a scale of log T1.

    It is 1.08 s at 3 T and 0.77 s at 1.5 T, where Warntjes et al. (MRM 60:320-329, 2008) measured 0.56 s in
    white matter and 1.05 s in cortex; between and beyond it follows a power of the field.

    Args:
        field_strength: of the magnet in T; 3 where it is not known.
    """
    return _WHITE_T1 * ((field_strength or DEFAULT_FIELD) / 3) ** _WHITE_T1_GROWTH


def tissue_classes(
    maps: Maps, mask: NDArray[np.bool_], field_strength: float | None = None
) -> NDArray[np.uint8]:
    """Divide the brain into white matter, grey matter and cerebrospinal fluid.

    Fluid has a T1 above 2.4 s or a T2 above 0.25 s; the rest is white matter below the T1 of
    ``white_matter_border`` and grey matter above it. Deep grey matter is not told from cortex, and a lesion
    counts as the grey matter whose T1 it has.

    Args:
        maps: relaxation maps, each ``(X, Y, Z)``, times in s.
        mask: ``(X, Y, Z)``, true in the brain.
        field_strength: of the magnet in T; 3 where it is not known.

    Returns:
        ``(X, Y, Z)`` of ``REGION_CODES``, 0 outside the brain.
    """
    regions = np.where(
        maps.t1 < white_matter_border(field_strength),
        REGION_CODES["white matter"],
        REGION_CODES["grey matter"],
    )
    regions[(maps.t1 > FLUID_T1) | (maps.t2 > FLUID_T2)] = REGION_CODES["cerebrospinal fluid"]
    return np.where(mask, regions, 0).astype(np.uint8)
