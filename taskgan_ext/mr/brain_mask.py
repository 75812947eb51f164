"""The brain, found in relaxation maps."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from taskgan_ext.mr.relaxation_maps import Maps

MIN_PD, MIN_T1, MIN_T2 = 0.18, 0.55, 0.055
"""Least proton density (fraction of the head's 95th percentile) and times (s) of brain and fluid. Fat and
marrow fail by T1 (0.37 s), muscle by T2 (0.036 s), bone and air by proton density."""
CUT_MM, CLOSE_MM = 3.0, 4.0
"""Bridges from the brain to eyes and scalp are thinner than twice the first; folds are thinner than twice the
second."""


def brain_mask(maps: Maps, voxel_mm: Sequence[float]) -> NDArray[np.bool_]:
    """Find brain and the fluid about it.

    Voxels with the relaxation times of brain are cut apart by an erosion of 3 mm, the largest piece is kept
    and grown back within them, and its folds and holes are closed. All distances are in mm, so that thick
    slices are treated as what they are: an erosion by less than half a slice stays within the slice.

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
    core = _largest_component(tissue & (_distance_to(~tissue, voxel_mm) > CUT_MM))
    if not core.any():
        return core
    grown = tissue & (_distance_to(core, voxel_mm) <= CUT_MM + max(voxel_mm[:2]))
    return _fill(_close(grown, CLOSE_MM, voxel_mm))


def _distance_to(target: NDArray[np.bool_], voxel_mm: Sequence[float]) -> NDArray[np.float64]:
    """Distance of every voxel to the nearest one of ``target`` in mm; infinite where there is none."""
    if not target.any():
        return np.full(target.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(~target, sampling=voxel_mm))


def _largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    return np.asarray(labels == 1 + np.argmax(np.bincount(labels.ravel())[1:]))


def _close(mask: NDArray[np.bool_], radius_mm: float, voxel_mm: Sequence[float]) -> NDArray[np.bool_]:
    # Padding: the edge of the image is neither brain nor background.
    pad = [(int(radius_mm // size) + 1,) * 2 for size in voxel_mm]
    padded = np.pad(mask, pad, mode="edge")
    dilated = _distance_to(padded, voxel_mm) <= radius_mm
    closed = _distance_to(~dilated, voxel_mm) > radius_mm
    core = tuple(slice(before, -after) for before, after in pad)
    return np.asarray(closed[core] | mask)


def _fill(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill the holes of every axial slice: a ventricle may be open to the edge of a slab in 3D."""
    return np.stack([ndimage.binary_fill_holes(mask[..., z]) for z in range(mask.shape[2])], axis=-1)
