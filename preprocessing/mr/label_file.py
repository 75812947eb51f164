"""A user's mask on the grid of other images."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.resampling import resample_labels
from preprocessing.mr.volume import Volume
from taskgan_ext.errors import DataError
from taskgan_ext.mr.reader.nifti_array import read_nifti

WHOLE = 1e-3
"""Scaled integers are this close to whole numbers."""


def read_labels(
    path: Path, grid: Volume, drawn_on: Mapping[str, tuple[Volume, NDArray[np.float64]]]
) -> NDArray[np.bool_]:
    """Read a mask and bring it to a grid by nearest neighbours.

    A mask with the voxels of a scan was drawn on that scan and moves with it, even where the grid has the
    same voxels; T2FLAIR, on which lesions are mostly drawn, goes first where several scans share voxels. Any
    other mask is taken to be in the scanner's frame.

    Args:
        path: NIfTI. Whole numbers from 0: true where not 0. Probabilities from 0 to 1: true from 0.5 on. NaN
            is outside.
        grid: of the result.
        drawn_on: contrast to scan and matrix from RAS millimetres of the grid to those of the scan.

    Returns:
        ``(X, Y, Z)``.

    Raises:
        DataError: the file is no 3D mask, does not tell its place in the scanner, or no voxel of it lies
            within the grid.
    """
    array = read_nifti(path, allow_nan=True)
    shape = array.data.shape
    if len(shape) < 3 or any(size != 1 for size in shape[3:]):
        raise DataError(f"{path}: expected a mask of three dimensions, got shape {shape}")
    labels = Volume(_to_mask(path, array.data.reshape(shape[:3])), array.affine).upright()
    first = sorted(drawn_on.items(), key=lambda item: item[0] != "T2FLAIR")
    matrices = (matrix for _, (scan, matrix) in first if scan.upright().same_grid(labels))
    mask = resample_labels(labels, grid, next(matrices, np.eye(4)))
    if labels.data.any() and not mask.any():
        raise DataError(f"{path}: expected a mask that overlaps the scans, but none of it does")
    return mask


def _to_mask(path: Path, values: NDArray[np.complex64] | NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.iscomplexobj(values) and values.min() >= 0:
        if np.abs(values - np.rint(values)).max() <= WHOLE:
            return (values > WHOLE).astype(np.float32)
        if values.max() <= 1 + WHOLE:
            return (values >= 0.5).astype(np.float32)
    raise DataError(
        f"{path}: expected a mask of whole numbers from 0 or of probabilities from 0 to 1, got values from "
        f"{values.min():g} to {values.max():g}; set everything outside to 0"
    )
