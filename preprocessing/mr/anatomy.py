"""A head as fractions of tissues, ready to be scanned."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.brain_folds import build_folds
from preprocessing.mr.deep_structures import build_deep_structures
from preprocessing.mr.head import build_envelope, draw_traits
from preprocessing.mr.head_grid import HeadGrid
from preprocessing.mr.lesions import draw_lesions
from preprocessing.mr.soft_shapes import Field
from preprocessing.mr.tissues import CSF, DGM, GM, LES, TISSUES, WM

INFLOW = {"cistern": 0.06, "ventricle": 0.015, "surface": 0.02, "anywhere": 0.006}
"""Share of the fluid that is replaced by fresh fluid between saturation and read-out; the last one is added
everywhere."""


@dataclass(frozen=True)
class Anatomy:
    """A head on a grid of which one slice may be several voxels thick.

    Attributes:
        fractions: ``(9, X, Y, Z)``, share of each tissue in the order of ``TISSUES``; what is left over to 1
            gives no signal.
        inflow: ``(X, Y, Z)``, share of the voxel's volume that is exchanged fluid, before it fluctuates.
        affine: ``(4, 4)``, voxel of the finished images to RAS millimetres.
        slice_voxels: how many voxels along z make one slice of the images.
        truth: what was drawn, JSON-serialisable.
    """

    fractions: Field
    inflow: Field
    affine: NDArray[np.float64]
    slice_voxels: int
    truth: Mapping[str, Any]

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Size of a voxel of the fractions in mm."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0).tolist()
        return x, y, z / self.slice_voxels

    def elliptic_radius(self) -> Field:
        """``(x / 95 mm)^2 + (y / 115 mm)^2`` about the head's centre, on which coil fields depend."""
        present = self.fractions.sum(axis=0)
        total: Field = np.zeros(present.shape, dtype=np.float32)
        for dim, scale in ((0, 95.0), (1, 115.0)):
            weight = present.sum(axis=tuple({0, 1, 2} - {dim}), dtype=np.float64)
            index = np.arange(len(weight))
            centre = (weight * index).sum() / max(weight.sum(), 1e-6)
            offset = (index - centre) * self.spacing[dim] / scale
            total += np.square(offset).astype(np.float32).reshape([-1 if d == dim else 1 for d in range(3)])
        return total

    def sliced(self) -> "Anatomy":
        """The same head with one voxel per slice."""
        return replace(
            self,
            fractions=slice_average(self.fractions, self.slice_voxels),
            inflow=slice_average(self.inflow, self.slice_voxels),
            slice_voxels=1,
        )

    def pure(self) -> "Anatomy":
        """The same head with one voxel per slice, each wholly of its main tissue.

        A voxel has no signal where air and compact bone prevail.
        """
        head = self.sliced()
        nothing = 1 - head.fractions.sum(axis=0, keepdims=True)
        main = np.concatenate([head.fractions, nothing]).argmax(axis=0)
        fractions = (main == np.arange(len(TISSUES))[:, None, None, None]).astype(np.float32)
        return replace(head, fractions=fractions, inflow=head.inflow * fractions[CSF])


def draw_head(grid: HeadGrid, patient: bool, rng: np.random.Generator) -> Anatomy:
    """Draw a procedural head.

    Args:
        grid: the fine grid.
        patient: whether the head has lesions.
        rng: source of randomness; lesions have their own, so that they change nothing else.
    """
    shape_rng, lesion_rng = rng.spawn(2)
    traits = draw_traits(shape_rng)
    envelope = build_envelope(grid, traits, shape_rng)
    folds = build_folds(grid, traits, envelope, shape_rng)
    deep = build_deep_structures(grid, traits, envelope)

    # Nested shapes, each taking its share of what the ones before it left.
    inside = envelope.intracranial * (1 - envelope.sinus)
    brain = np.minimum(envelope.brain, inside)
    cavity = np.maximum(deep.ventricles, deep.cistern)
    solid = brain * (1 - cavity) * (1 - folds.fluid)
    grey = solid * deep.grey
    cortex = (solid - grey) * folds.cortex
    white = solid - grey - cortex
    fluid = inside - solid

    number, lesion = 0, np.zeros_like(white)
    if patient:
        drawn = draw_lesions(white, deep.ventricle_distance, envelope.position, grid.resolution, lesion_rng)
        number, lesion = drawn.number, white * drawn.share
    layers = (
        white - lesion, cortex, fluid, grey, lesion,
        envelope.fat, envelope.muscle, envelope.marrow, envelope.intracranial * envelope.sinus,
    )  # fmt: skip
    surface = fluid - brain * cavity
    inflow = INFLOW["anywhere"] * fluid + brain * (
        INFLOW["cistern"] * deep.cistern + INFLOW["ventricle"] * deep.ventricles
    )
    inflow += INFLOW["surface"] * surface
    margin = (*((width, width) for width in grid.margin), (0, 0))
    fractions = np.stack([np.pad(layer, margin) for layer in layers]).astype(np.float32)
    return Anatomy(
        fractions=np.clip(fractions, 0, 1),
        inflow=np.pad(inflow, margin).astype(np.float32),
        affine=grid.affine,
        slice_voxels=grid.slice_voxels,
        truth={**traits.to_dict(), "patient": patient, "num_lesions": number},
    )


def slice_average(volume: Field, slice_voxels: int) -> Field:
    """Average over the thickness of each slice.

    Args:
        volume: ``(..., Z)``.
        slice_voxels: voxels per slice, a divisor of ``Z``.

    Returns:
        ``(..., Z / slice_voxels)``.
    """
    if slice_voxels == 1:
        return volume
    slices = volume.reshape(*volume.shape[:-1], -1, slice_voxels)
    return np.asarray(slices.mean(axis=-1, dtype=np.float32))


def brain_and_regions(fractions: Field) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Tell what is brain, and the main tissue of its voxels.

    Args:
        fractions: ``(9, X, Y, Z)`` on the grid of the images.

    Returns:
        The mask of brain and fluid about it (together more than half of the voxel), and the regions: 0 none,
        1 white matter, 2 grey matter, 3 fluid, 4 deep grey matter, 5 lesion (more than half of the voxel).
    """
    tissues = fractions[[WM, GM, CSF, DGM]]
    brain = tissues.sum(axis=0) + fractions[LES] > 0.5
    regions = np.where(brain, 1 + tissues.argmax(axis=0), 0)
    regions[fractions[LES] > 0.5] = 5
    return brain, regions.astype(np.uint8)
