"""Binary morphology in millimetres, so that thick slices are treated as what they are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]


def cut_out(tissue: Mask, voxel_mm: Sequence[float], cut_mm: float, close_mm: float) -> Mask:
    """Cut an organ from what merely touches it.

    The mask is eroded, its largest piece is kept and grown back within the mask, and folds and holes of that
    are closed. An erosion by less than half a slice stays within the slice.

    Args:
        tissue: ``(X, Y, Z)``, true where a voxel may belong to the organ.
        voxel_mm: voxel size along the three axes.
        cut_mm: bridges thinner than twice this are cut.
        close_mm: folds thinner than twice this are closed.

    Returns:
        ``(X, Y, Z)``, true in the organ; nowhere if nothing is left of the erosion.
    """
    core = largest_piece(tissue & (distance_to(~tissue, voxel_mm) > cut_mm))
    if not core.any():
        return core
    grown = tissue & (distance_to(core, voxel_mm) <= cut_mm + max(voxel_mm[:2]))
    return fill_slices(_close(grown, voxel_mm, close_mm))


def distance_to(target: Mask, voxel_mm: Sequence[float]) -> NDArray[np.float64]:
    """Distance of every voxel to the nearest one of a mask.

    Args:
        target: ``(X, Y, Z)``.
        voxel_mm: voxel size along the three axes.

    Returns:
        Millimetres, ``(X, Y, Z)``; infinite if the mask is empty.
    """
    if not target.any():
        return np.full(target.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(~target, sampling=voxel_mm))


def largest_piece(mask: Mask) -> Mask:
    """Keep the largest connected piece.

    Args:
        mask: ``(X, Y, Z)``.

    Returns:
        The piece, by the number of its voxels; empty as ``mask`` is.
    """
    labels, count = ndimage.label(mask)
    return mask if count == 0 else np.asarray(labels == 1 + np.argmax(np.bincount(labels.ravel())[1:]))


def fill_slices(mask: Mask) -> Mask:
    """Fill the holes of every axial slice: a ventricle may be open to the edge of a slab in 3D.

    Args:
        mask: ``(X, Y, Z)``.

    Returns:
        The mask without holes.
    """
    return np.stack([ndimage.binary_fill_holes(mask[..., z]) for z in range(mask.shape[2])], axis=-1)


def _close(mask: Mask, voxel_mm: Sequence[float], radius_mm: float) -> Mask:
    # Padding: the edge of the image is neither brain nor background.
    pad = [(int(radius_mm // size) + 1,) * 2 for size in voxel_mm]
    padded = np.pad(mask, pad, mode="edge")
    dilated = distance_to(padded, voxel_mm) <= radius_mm
    closed = distance_to(~dilated, voxel_mm) > radius_mm
    core = tuple(slice(before, -after) for before, after in pad)
    return np.asarray(closed[core] | mask)
