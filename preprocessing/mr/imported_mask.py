"""A user's mask on the MDME grid."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.contrast_import import ImportedContrast
from preprocessing.mr.resampling import resample_labels
from preprocessing.mr.volume import Volume
from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import load_nifti


def read_mask(path: Path, grid: Volume, contrasts: Mapping[str, ImportedContrast]) -> NDArray[np.bool_]:
    """Read a mask and bring it to the MDME grid by nearest neighbours.

    A mask on the grid of a conventional scan was drawn on it and moves with it; T2FLAIR, on which lesions
    are mostly drawn, goes first where several scans share a grid. Any other mask is taken to be in the
    scanner's frame.

    Args:
        path: NIfTI, true where not 0.
        grid: the MDME grid.
        contrasts: the imported scans.

    Returns:
        ``(X, Y, Z)``.

    Raises:
        DataError: the file is no 3D mask, or no voxel of it lies within the MDME images.
    """
    data, affine = load_nifti(path)
    if data.ndim != 3:
        raise DataError(f"{path}: expected a mask of three dimensions, got shape {data.shape}")
    labels = Volume(data, affine)
    if labels.same_grid(grid):
        mask = data != 0
    else:
        first = sorted(contrasts.items(), key=lambda item: item[0] != "T2FLAIR")
        drawn_on = (contrast.matrix for _, contrast in first if contrast.scan.same_grid(labels))
        mask = resample_labels(labels, grid, next(drawn_on, np.eye(4)))
    if data.any() and not mask.any():
        raise DataError(f"{path}: expected a mask that overlaps the MDME images, but none of it does")
    return mask
