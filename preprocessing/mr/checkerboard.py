"""A picture in which two images alternate in squares: edges run on across squares where they are aligned."""

from errno import EIO
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name in its manual
from numpy.typing import NDArray

from taskgan_ext.io.atomic import atomic_path

NUM_SLICES = 5
SQUARE_MM = 16.0


def write_checkerboard(
    path: Path,
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    brain: NDArray[np.bool_],
    affine: NDArray[np.float64],
) -> None:
    """Write axial slices in a row, front up and the right side on the left.

    Args:
        path: PNG to write.
        first: ``(X, Y, Z)``.
        second: ``(X, Y, Z)``, on the same grid; each is scaled by its own 99th percentile in the brain.
        brain: ``(X, Y, Z)``, true in the brain; slices are spread over it.
        affine: ``(4, 4)``, voxel index to RAS millimetres.

    Raises:
        OSError: the file cannot be written.
    """
    a, b, mask = (
        nib.as_closest_canonical(nib.Nifti1Image(volume, affine))
        for volume in (_scaled(first, brain), _scaled(second, brain), brain.astype(np.uint8))
    )
    squares = [
        np.arange(length) // max(1, round(SQUARE_MM / size))
        for length, size in zip(a.shape[:2], a.header.get_zooms()[:2], strict=True)
    ]
    even = (squares[0][:, None, None] + squares[1][:, None]) % 2 == 0
    mixed = np.where(even, a.dataobj, b.dataobj)
    levels = np.flatnonzero(np.asarray(mask.dataobj).any(axis=(0, 1)))
    chosen = levels[np.linspace(0, len(levels) - 1, NUM_SLICES + 2).round().astype(int)[1:-1]]
    picture = np.concatenate([mixed[::-1, ::-1, level].T for level in chosen], axis=1)
    with atomic_path(path) as temporary:
        try:
            sitk.WriteImage(sitk.GetImageFromArray(np.ascontiguousarray(picture)), str(temporary))
        except RuntimeError as error:
            raise OSError(EIO, str(error).strip().splitlines()[-1], str(path)) from None


def _scaled(volume: NDArray[np.float32], brain: NDArray[np.bool_]) -> NDArray[np.uint8]:
    top = max(float(np.percentile(volume[brain], 99)), 1e-12)
    return (np.clip(volume / top, 0, 1) * 255).astype(np.uint8)
