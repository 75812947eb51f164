"""Where the reconstructed volume lies: voxels, the scanner's frame, and RAS millimetres."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.scanner_geometry import Geometry, SinogramGeometry
from preprocessing.pet.reconstruct.sampling import Sampling
from preprocessing.pet.scanner import ImageGrid
from taskgan_ext.errors import RefusedListMode

STIR_TO_RAS = {"HFS": (-1, -1, -1), "HFP": (1, 1, -1), "FFS": (1, -1, 1), "FFP": (-1, 1, 1)}
"""Siemens sinogram bins are placed as STIR does. Seen from the bed, x runs to the right, y down and z out
along the bed: left, posterior and inferior of a patient who lies head first and supine (HFS); prone turns x
and y round, feet first x and z (STIR, ``DiscretisedDensity.inl``)."""
RAS_TO_RAS = (1, 1, 1)
_ASSUMED = "HFS"


@dataclass(frozen=True)
class ImageFrame:
    """The voxels of a volume that is parallel to the scanner's axes.

    Attributes:
        grid: the pixels of a plane; the axis of the scanner passes through their middle.
        num_planes: planes along z.
        plane_spacing: their distance in mm.
        first_plane: z of plane 0 in the scanner's frame, in mm.
        signs: of x, y and z of the scanner's frame along R, A and S.
    """

    grid: ImageGrid
    num_planes: int
    plane_spacing: float
    first_plane: float
    signs: tuple[int, int, int]

    @property
    def spacing(self) -> NDArray[np.float64]:
        """Voxel size along x, y and z in mm."""
        return np.array([self.grid.voxel_size, self.grid.voxel_size, self.plane_spacing])

    @property
    def scanner_affine(self) -> NDArray[np.float64]:
        """``(4, 4)``, voxel index in the scanner's order to RAS millimetres."""
        corner = -(self.grid.size - 1) / 2 * self.grid.voxel_size
        affine = np.diag([*(np.array(self.signs) * self.spacing), 1.0])
        affine[:3, 3] = np.array(self.signs) * (corner, corner, self.first_plane)
        return affine

    @property
    def affine(self) -> NDArray[np.float64]:
        """``(4, 4)``, voxel index of the written volume, whose axes run to R, A and S, to RAS millimetres."""
        last = np.array([self.grid.size, self.grid.size, self.num_planes]) - 1
        affine = np.diag([*self.spacing, 1.0])
        start = np.where(np.array(self.signs) > 0, 0, last)
        affine[:3, 3] = (self.scanner_affine @ [*start, 1])[:3]
        return affine

    def to_ras(self, volume: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn a volume ``(X, Y, Z)`` of the scanner's order so that its axes run to R, A and S."""
        flipped = tuple(dim for dim, sign in enumerate(self.signs) if sign < 0)
        return np.ascontiguousarray(np.flip(volume, flipped))


def image_frame(geometry: Geometry, sampling: Sampling) -> ImageFrame:
    """Return the frame of the image of a file.

    The frame of a scanner whose file names detectors is taken as it is: x to the right of the patient's image
    (R), y to A and z to S; PETSIRD does not say how the patient lies in it.

    Args:
        geometry: the scanner.
        sampling: planes and pixels.

    Raises:
        RefusedListMode: ``unsupported``, the patient lies on a side, or in a way that is not known.
    """
    signs = RAS_TO_RAS
    if isinstance(geometry, SinogramGeometry):
        position = geometry.patient_position or _ASSUMED
        if position not in STIR_TO_RAS:
            raise RefusedListMode(
                "unsupported",
                f"expected a patient orientation among {', '.join(STIR_TO_RAS)} in the header, got {position}"
                ": left and right of the image would be unknown",
            )
        signs = STIR_TO_RAS[position]
    return ImageFrame(sampling.grid, sampling.num_planes, sampling.plane_spacing, sampling.first_plane, signs)


def orientation_text(geometry: Geometry) -> str:
    """Say for the sidecar how the axes were laid.

    Args:
        geometry: the scanner.
    """
    if isinstance(geometry, SinogramGeometry):
        position = geometry.patient_position
        told = (
            f"{position}, as the header says" if position else f"{_ASSUMED}, which the header does not tell"
        )
        signs = STIR_TO_RAS[position or _ASSUMED]
        axes = ", ".join(pair[sign > 0] for pair, sign in zip(("LR", "PA", "IS"), signs, strict=True))
        return f"patient {told}; sinogram bins placed as STIR does, whose x, y, z are then {axes}"
    return "the scanner's x, y, z are taken as R, A, S; the file does not tell how the patient lies in it"
