"""Skull and scalp around a brain, for attenuation and for the activity outside the brain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from preprocessing.pet.grid import Grid

TISSUE_ATTENUATION = 0.0096
"""Linear attenuation of soft tissue at 511 keV in 1/mm."""
SKULL_ATTENUATION = 0.0151
"""Linear attenuation of cortical bone at 511 keV in 1/mm."""

_INNER = 3.0  # meninges and fluid between brain and skull
_SKULL = 6.0
_SCALP = 7.0


@dataclass(frozen=True)
class Head:
    """Masks of the shells around a brain.

    Attributes:
        tissue: brain, fluid around it and scalp.
        skull: bone.
        scalp: the outermost shell, part of ``tissue``.
    """

    tissue: NDArray[np.bool_]
    skull: NDArray[np.bool_]
    scalp: NDArray[np.bool_]

    @property
    def attenuation(self) -> NDArray[np.float32]:
        """Linear attenuation at 511 keV in 1/mm."""
        bone = np.where(self.skull, np.float32(SKULL_ATTENUATION), np.float32(0))
        return np.where(self.tissue, np.float32(TISSUE_ATTENUATION), bone)


def surround(brain_tissue: NDArray[np.float32], grid: Grid) -> Head:
    """Build the head around a brain.

    Args:
        brain_tissue: fraction of grey and white matter 0..1 on ``grid``.
        grid: the voxels, of equal size along x, y and z.
    """
    voxel = grid.spacing[0]
    smooth = ndimage.gaussian_filter((brain_tissue > 0.1).astype(np.float32), 2.0 / voxel)
    brain = ndimage.binary_fill_holes(smooth > 0.15)
    distance = ndimage.distance_transform_edt(~brain) * voxel
    skull = (distance > _INNER) & (distance <= _INNER + _SKULL)
    scalp = (distance > _INNER + _SKULL) & (distance <= _INNER + _SKULL + _SCALP)
    return Head(tissue=(distance <= _INNER) | scalp, skull=skull, scalp=scalp)
