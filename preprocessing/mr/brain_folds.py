"""Sulci, fissures and the cortex that lines them."""

from dataclasses import dataclass

import numpy as np

from preprocessing.mr.head import Envelope, HeadTraits
from preprocessing.mr.head_grid import HeadGrid
from preprocessing.mr.noise_fields import band_noise, smooth_noise
from preprocessing.mr.soft_shapes import Field, filled, sheet

_COARSE_FOLDS, _FINE_FOLDS, _FINE_SHARE = 25.0, 14.0, 0.38
_SULCUS_DEPTH, _SULCUS_DEPTH_SD = 22.0, 4.0


@dataclass(frozen=True)
class Folds:
    """Where the folds of the brain are.

    Attributes:
        fluid: share of each voxel that lies in a sulcus or fissure, 0..1.
        cortex: share of the remaining tissue that is cortex, 0..1.
    """

    fluid: Field
    cortex: Field


def build_folds(grid: HeadGrid, traits: HeadTraits, envelope: Envelope, rng: np.random.Generator) -> Folds:
    """Fold the brain: sulci, the fissure between the hemispheres and the lateral sulci with the insula.

    Each of them is a thin sheet of fluid that ends at some depth. The cortex is what lies within its
    thickness of a sheet or of the brain's surface.

    Args:
        grid: the fine grid.
        traits: measures of the head.
        envelope: of the same head.
        rng: source of randomness for the course of the folds.
    """
    x, y, z = envelope.position
    course = smooth_noise(grid.shape, (grid.resolution,) * 3, 40.0, rng)
    # The fissure divides the brain wherever it does not meet the corpus callosum.
    midline = _ending(x + 1.2 * course, np.minimum(np.minimum(31 - z, 42 - y), y + 56))
    lateral_offset = 0.96 * (z - (2 - 0.3 * y)) + 1.5 * course
    lateral = _ending(lateral_offset, np.maximum(36 - np.abs(x), np.abs(y + 3) - 37))
    # The insula bulges outwards in its middle.
    insula = _ending(
        np.abs(x) - 38 + 5 * np.square((y - 4) / 22) + 2 * course,
        np.maximum(np.abs(lateral_offset) - 9, np.abs(y - 4) - 20),
    )
    sulci, width = _sulci(grid, traits, np.minimum(envelope.depth, 1.7 * midline), rng)
    sheets: list[tuple[Field, Field | float]] = [
        (sulci, width),
        (midline, traits.fissure),
        (lateral, traits.sylvian),
        (insula, 0.6 * traits.sylvian),
    ]
    solid: Field = np.ones(grid.shape, dtype=np.float32)
    nearest = envelope.depth
    for distance, half_width in sheets:
        solid *= 1 - sheet(distance, half_width, grid.resolution)
        nearest = np.minimum(nearest, distance - half_width)
    return Folds(fluid=1 - solid, cortex=filled(nearest - traits.cortex, grid.resolution))


def _sulci(grid: HeadGrid, traits: HeadTraits, depth: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """Distance to the sulci and their half-width in mm; sulci lie where a random field is zero."""
    spacing = (grid.resolution,) * 3
    field = band_noise(grid.shape, spacing, _COARSE_FOLDS, rng)
    field += _FINE_SHARE * band_noise(grid.shape, spacing, _FINE_FOLDS, rng)
    end = _SULCUS_DEPTH + _SULCUS_DEPTH_SD * smooth_noise(grid.shape, spacing, 30.0, rng)
    slope = np.sqrt(sum(np.square(g) for g in np.gradient(field, grid.resolution)))
    wave_number = np.float32(2 * np.pi / _COARSE_FOLDS)
    # Exact for a sine wave, where |f| / |grad f| is right at the zero crossing only.
    across = np.arctan2(wave_number * np.abs(field), slope) / wave_number
    taper = np.clip(1 - depth / end, 0, 1)
    return _ending(across, depth - end), traits.sulcus * taper**0.7


def _ending(across: Field, beyond: Field) -> Field:
    """Distance to a sheet that ends where ``beyond`` becomes positive."""
    return np.hypot(across, np.clip(beyond, 0, None))
