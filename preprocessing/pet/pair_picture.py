"""A picture of a pair: full dose above, low dose below, in three planes."""

from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from taskgan_ext.io.picture import save_picture

_GAP = 4


def write_pair_picture(
    path: Path, volumes: Sequence[NDArray[np.float32]], affine: NDArray[np.float64]
) -> None:
    """Write axial, coronal and sagittal slices through the centre of activity, one row per volume.

    Dark is active, as readers of PET are used to; all rows share one window, up to the 99.9th percentile of
    the first volume. Front and top are up, the right side is on the left. Pixels are square millimetres of
    the finest voxel edge.

    Args:
        path: PNG to write.
        volumes: ``(X, Y, Z)`` each, on one grid.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
    """
    images = [nib.as_closest_canonical(nib.Nifti1Image(volume, affine)) for volume in volumes]
    arrays = [np.asarray(image.dataobj, dtype=np.float32) for image in images]
    spacing = np.asarray(images[0].header.get_zooms()[:3])
    centre = _centre(arrays[0])
    top = max(float(np.percentile(arrays[0], 99.9)), 1e-12)
    rows = [_row(array, centre, spacing) for array in arrays]
    page = np.concatenate([np.pad(row, ((0, _GAP), (0, 0))) for row in rows], axis=0)
    save_picture(1 - np.clip(page / top, 0, 1)[None], path)


def _centre(volume: NDArray[np.float32]) -> tuple[int, int, int]:
    weights = np.clip(volume, 0, None)
    total = float(weights.sum(dtype=np.float64))
    if total == 0:
        return volume.shape[0] // 2, volume.shape[1] // 2, volume.shape[2] // 2
    sums = (weights.sum(axis=axes, dtype=np.float64) for axes in ((1, 2), (0, 2), (0, 1)))
    x, y, z = (round(float((s * np.arange(s.size)).sum()) / total) for s in sums)
    return x, y, z


def _row(
    volume: NDArray[np.float32], centre: tuple[int, int, int], spacing: NDArray[np.float64]
) -> NDArray[np.float32]:
    x, y, z = centre
    planes = (
        (volume[:, :, z], spacing[0], spacing[1]),
        (volume[:, y, :], spacing[0], spacing[2]),
        (volume[x, :, :], spacing[1], spacing[2]),
    )
    pixel = float(spacing.min())
    drawn = [_stretched(plane[::-1, ::-1].T, down / pixel, across / pixel) for plane, across, down in planes]
    height = max(plane.shape[0] for plane in drawn)
    spare = [height - plane.shape[0] for plane in drawn]
    padded = [
        np.pad(plane, ((rest // 2, rest - rest // 2), (0, _GAP)))
        for plane, rest in zip(drawn, spare, strict=True)
    ]
    return np.concatenate(padded, axis=1)


def _stretched(plane: NDArray[np.float32], down: float, across: float) -> NDArray[np.float32]:
    """Repeat rows and columns, so that pixels become square."""
    rows, columns = (
        np.minimum((np.arange(round(length * factor)) / factor).astype(int), length - 1)
        for length, factor in zip(plane.shape, (down, across), strict=True)
    )
    return plane[np.ix_(rows, columns)]
