"""A restored volume that a bundle has saved, on the axes of the series that it was made from."""

import os

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.dicom.derived.source_grid import on_source_grid
from taskgan_ext.io.nifti import load_nifti


def read_restored(
    path: str | os.PathLike[str], shape: tuple[int, int, int], affine: NDArray[np.float64]
) -> NDArray[np.floating]:
    """Read a NIfTI volume for ``write_derived_pet`` or ``write_derived_mr``.

    Args:
        path: ``.nii`` or ``.nii.gz``, its axes in any order.
        shape: ``(X, Y, Z)`` of the source.
        affine: ``(4, 4)``, voxel index of the source to RAS millimetres.

    Returns:
        float32 of the shape.

    Raises:
        RefusedSeries: the file is refused, or ``output_gate``: it is on another grid.
    """
    values, own = load_nifti(path)
    volume = values[..., 0] if values.ndim == 4 and values.shape[3] == 1 else values
    return on_source_grid(volume, own, shape, affine)
