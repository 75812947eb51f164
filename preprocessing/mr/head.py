"""What differs between heads as a whole, and their nested layers from the brain's surface to the skin."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from preprocessing.mr.head_grid import HeadGrid
from preprocessing.mr.noise_fields import smooth_noise
from preprocessing.mr.soft_shapes import Field, ellipsoid_distance, filled, sheet

_BRAIN_AXES = (67.0, 85.0, 76.0)
_LOWER_HEIGHT = 0.8  # of the brain below its centre, relative to above
_WARP_MM, _WARP_WAVELENGTH = 2.0, 70.0
_MARROW_HALF_WIDTH, _SKIN, _SINUS_RADIUS = 1.5, 1.3, 2.4


@dataclass(frozen=True)
class HeadTraits:
    """Measures of one head; lengths in mm.

    Attributes:
        age: 0 young .. 1 old; decides the mean of most others.
        scales: size of the brain along x, y and z relative to the average.
        rim: fluid between brain and skull.
        cortex: thickness of the cortex.
        sulcus: half-width of a sulcus at the brain's surface.
        fissure: half-width of the fissure between the hemispheres.
        sylvian: half-width of the lateral sulcus.
        ventricles: size of the ventricles relative to a small one.
        asymmetry: the right ventricle is larger by this fraction and the left one smaller.
        skull: thickness of the skull.
        scalp: thickness of the scalp.
    """

    age: float
    scales: tuple[float, float, float]
    rim: float
    cortex: float
    sulcus: float
    fissure: float
    sylvian: float
    ventricles: float
    asymmetry: float
    skull: float
    scalp: float

    def to_dict(self) -> dict[str, Any]:
        """All measures, JSON-serialisable."""
        return {**asdict(self), "scales": list(self.scales)}


@dataclass(frozen=True)
class Envelope:
    """The layers of a head on the fine grid.

    Attributes:
        position: coordinates x, y, z in mm, bent by a smooth deformation.
        depth: distance below the brain's surface in mm, negative outside.
        brain: share of each voxel below the brain's surface.
        intracranial: share of each voxel inside the skull.
        sinus: share of the intracranial space that is the superior sagittal sinus.
        marrow: share of each voxel that is bone marrow.
        fat: share of each voxel that is fat below the skin.
        muscle: share of each voxel that is muscle or skin.
    """

    position: tuple[Field, Field, Field]
    depth: Field
    brain: Field
    intracranial: Field
    sinus: Field
    marrow: Field
    fat: Field
    muscle: Field


def draw_traits(rng: np.random.Generator) -> HeadTraits:
    """Draw the measures of one head.

    Args:
        rng: source of randomness.
    """
    age = float(rng.uniform())
    normal = np.clip(rng.standard_normal(5), -2.0, 2.0).tolist()
    x, y, z = rng.uniform(0.95, 1.05, 3).tolist()
    return HeadTraits(
        age=age,
        scales=(x, y, z),
        rim=1.2 + 2.0 * age,
        cortex=2.6 - 0.35 * age + 0.25 * normal[0],
        sulcus=0.25 + 0.75 * age,
        fissure=0.35 + 0.9 * age,
        sylvian=0.6 + 1.2 * age,
        ventricles=1.0 + 0.9 * age + 0.12 * normal[1],
        asymmetry=0.06 * normal[2],
        skull=6.2 + 0.9 * normal[3],
        scalp=5.5 + 1.1 * normal[4],
    )


def build_envelope(grid: HeadGrid, traits: HeadTraits, rng: np.random.Generator) -> Envelope:
    """Build everything that encloses the brain.

    Args:
        grid: the fine grid.
        traits: measures of the head.
        rng: source of randomness for the shape.
    """
    voxel = grid.resolution

    def noise(wavelength: float) -> Field:
        return smooth_noise(grid.shape, (voxel,) * 3, wavelength, rng)

    x, y, z = (axis + np.float32(_WARP_MM) * noise(_WARP_WAVELENGTH) for axis in grid.coordinates())
    outside = _brain_distance((x, y, z), traits)
    inner_skull = outside - traits.rim * (1 + 0.15 * noise(40))
    outer_skull = inner_skull - traits.skull * (1 + 0.10 * noise(50))
    skin = outer_skull - traits.scalp * (1 + 0.10 * noise(60))

    in_skull, in_scalp = filled(outer_skull, voxel), filled(skin, voxel)
    intracranial = filled(inner_skull, voxel)
    bone = in_skull - intracranial
    scalp = in_scalp - in_skull
    # Compact bone on both sides of the marrow gives no signal.
    marrow = np.minimum(bone, sheet((inner_skull + outer_skull) / 2, _MARROW_HALF_WIDTH, voxel))
    temporal = 0.75 * traits.scalp * np.clip((np.abs(x) - 45) / 15, 0, 1) * np.clip((22 - z) / 20, 0, 1)
    below_skin, above_muscle = filled(skin + _SKIN, voxel), filled(outer_skull - temporal, voxel)
    fat = np.clip(np.minimum(below_skin, scalp + in_skull) - np.maximum(above_muscle, in_skull), 0, scalp)
    # The sinus runs along the top of the fissure, from the front over the vertex to the back.
    off_axis: Field = np.hypot(x, inner_skull + 1.0)
    sinus = filled(off_axis - _SINUS_RADIUS, voxel) * np.clip((z - 5) / 5, 0, 1)
    return Envelope(
        position=(x, y, z),
        depth=-outside,
        brain=filled(outside, voxel),
        intracranial=intracranial,
        sinus=sinus,
        marrow=marrow,
        fat=fat,
        muscle=scalp - fat,
    )


def _brain_distance(position: tuple[Field, Field, Field], traits: HeadTraits) -> Field:
    """Signed distance to an egg that narrows to the front and is flatter below."""
    x, y, z = position
    x_axis, y_axis, z_axis = (axis * scale for axis, scale in zip(_BRAIN_AXES, traits.scales, strict=True))
    widened = x / (1 - 0.0017 * (y + 8))
    stretched = np.where(z < 0, z / np.float32(_LOWER_HEIGHT), z)
    return ellipsoid_distance((widened, y, stretched), (x_axis, y_axis, z_axis))
