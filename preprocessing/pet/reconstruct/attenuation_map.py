"""Attenuation: a map in 1/cm as NIfTI, on the voxels of the image."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from preprocessing.pet.reconstruct.image_frame import ImageFrame
from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import load_nifti

PLAUSIBLE_MAXIMUM = (0.05, 0.35)
"""1/cm at 511 keV: water has 0.096, dense bone about 0.17, some implants more."""


def load_attenuation(path: Path, frame: ImageFrame) -> NDArray[np.float32]:
    """Read a map and interpolate it linearly at the voxels of the image; outside the map is air.

    Args:
        path: a NIfTI volume in 1/cm, in the same RAS millimetres as the image.
        frame: the voxels of the image.

    Returns:
        Linear attenuation coefficients in 1/mm, ``(X, Y, Z)`` in the scanner's order.

    Raises:
        DataError: the file is no volume, its values are not those of a map in 1/cm, or it does not overlap
            the image.
    """
    volume, affine = load_nifti(path)
    if volume.ndim != 3 or not np.isfinite(volume).all():
        raise DataError(f"{path}: expected an attenuation map of three axes and finite values")
    largest, smallest = float(volume.max()), float(volume.min())
    low, high = PLAUSIBLE_MAXIMUM
    if not (low <= largest <= high and smallest >= -0.01):
        raise DataError(
            f"{path}: expected an attenuation map at 511 keV in 1/cm, with a largest value of {low} to "
            f"{high} (water 0.096) and none below 0, found {smallest:.4g} to {largest:.4g}; "
            f"{_advice(smallest, largest)}"
        )
    if abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise DataError(
            f"{path}: expected an affine that can be inverted; the geometry of the map is damaged"
        )
    resampled = _resample(np.maximum(volume, 0), np.linalg.inv(affine) @ frame.scanner_affine, frame)
    if not resampled.any():
        raise DataError(
            f"{path}: expected a map that overlaps the image, found only air at its voxels; the map must be "
            "in the frame of the scanner (RAS mm, the axis of the scanner at x = y = 0)"
        )
    return resampled / np.float32(10)


def _advice(smallest: float, largest: float) -> str:
    if smallest < -100:
        return "this looks like CT numbers: convert them to 1/cm first"
    if 0 < largest < PLAUSIBLE_MAXIMUM[0]:
        return "this looks like 1/mm: multiply it by 10"
    return "give a map in 1/cm"


def _resample(
    volume: NDArray[np.float32], to_index: NDArray[np.float64], frame: ImageFrame
) -> NDArray[np.float32]:
    """Interpolate plane by plane at ``to_index @ (x, y, z, 1)``."""
    size = frame.grid.size
    source = torch.from_numpy(np.ascontiguousarray(volume, np.float32))[None, None]
    shape = np.array(volume.shape)
    x, y = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    result = np.empty((size, size, frame.num_planes), np.float32)
    for plane in range(frame.num_planes):
        voxel = np.stack([x, y, np.full_like(x, plane), np.ones_like(x)], axis=-1)
        # align_corners=False: -1 and 1 are the outer faces of the volume, also where an axis has one voxel.
        scaled = (2 * (voxel @ to_index[:3].T) + 1) / shape - 1
        grid = torch.from_numpy(scaled[..., ::-1].astype(np.float32).copy())[None, None]
        sampled = torch.nn.functional.grid_sample(source, grid, align_corners=False, padding_mode="zeros")
        result[..., plane] = sampled[0, 0, 0].numpy()
    return result
