"""The brain in conventional scans: where they end if the skull was removed, else cut out by intensity."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.mr.morphology import Mask, cut_out, distance_to, fill_slices, largest_piece

CUT_MM, CLOSE_MM = 5.0, 5.0
"""Bridges from the brain to eyes and scalp are thinner than twice the first; folds are thinner than twice the
second."""
STRIPPED_SHARE = 0.75
"""From this share of all that is not 0 on, the brain is all that is there: scalp and skull make up more."""
_AIR = 0.15  # of the 99th percentile
_BONE, _FAT = 0.5, 1.45  # of the median of the head
_FLUID, _RIM_MM = 1.3, 4.0
"""Brightness in T2w of the fluid about the brain, in medians of the brain, and how deep it is at most."""
_MUSCLE_AND_FAT = {"T1w": (0.4, 1.5), "T2w": (0.15, 1.2), "T2FLAIR": (0.2, 1.5)}
"""Brightness from which on something outside the brain is muscle and fat, in medians of the brain."""
_SKULL_MM = 3.0
"""What is nearer to the brain is bone, or fluid that the mask has left out."""


def find_brain(
    scans: Mapping[str, NDArray[np.float32]], support: Mask, voxel_mm: Sequence[float]
) -> tuple[Mask, bool]:
    """Find the brain with simple means; a mask that was checked by eye is better.

    Args:
        scans: contrast to ``(X, Y, Z)``, not negative, all on one grid.
        support: ``(X, Y, Z)``, true where no scan is exactly 0.
        voxel_mm: voxel size along the three axes.

    Returns:
        ``(X, Y, Z)``, true in the brain, nowhere if none was found; and whether the skull had been removed.
    """
    found = cut_out(_brain_like(scans), voxel_mm, CUT_MM, CLOSE_MM)
    if "T2w" in scans and found.any():
        fluid = scans["T2w"] > _FLUID * np.median(scans["T2w"][found])
        found = fill_slices(found | (fluid & (distance_to(found, voxel_mm) <= _RIM_MM)))
    whole = fill_slices(largest_piece(support))
    stripped = found.any() and (found & whole).sum() >= STRIPPED_SHARE * whole.sum()
    return (whole if stripped else found), bool(stripped)


def head_tissues(
    scans: Mapping[str, NDArray[np.float32]], brain: Mask, voxel_mm: Sequence[float]
) -> dict[str, NDArray[np.float32]]:
    """Tell fat from muscle outside the brain by simple thresholds; marrow counts as either.

    Args:
        scans: contrast to ``(X, Y, Z)``, not negative, all on one grid; T1w is asked first.
        brain: ``(X, Y, Z)``.
        voxel_mm: voxel size along the three axes.

    Returns:
        ``FAT`` and ``MUSC`` to their fractions, 0 or 1, ``(X, Y, Z)``.
    """
    name, scan = next(
        ((name, scan) for name, scan in scans.items() if name == "T1w"), next(iter(scans.items()))
    )
    muscle, fat = _MUSCLE_AND_FAT[name]
    brightness = scan / max(float(np.median(scan[brain])), 1e-6)
    outside = distance_to(brain, voxel_mm) > _SKULL_MM
    return {
        "FAT": (outside & (brightness >= fat)).astype(np.float32),
        "MUSC": (outside & (brightness >= muscle) & (brightness < fat)).astype(np.float32),
    }


def _brain_like(scans: Mapping[str, NDArray[np.float32]]) -> Mask:
    """Neither as dark as bone and air, nor as bright in T1w as fat is."""
    # Fluid is so bright in T2w that the mean of scans does not fall low enough in bone of a voxel or two.
    chosen = {name: scan for name, scan in scans.items() if name != "T2w"} or scans
    brightness = {}
    for name, scan in chosen.items():
        shown = scan[scan > _AIR * np.percentile(scan, 99)]
        brightness[name] = scan / max(float(np.median(shown)) if shown.size else 0.0, 1e-6)
    mean = np.mean(list(brightness.values()), axis=0)
    fat = brightness["T1w"] > _FAT if "T1w" in chosen else np.zeros(mean.shape, dtype=bool)
    return np.asarray((mean > _BONE) & ~fat)
