"""Shapes as signed distances, and the share of a voxel that they fill."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
_TINY = np.float32(1e-6)


def filled(distance: Field, voxel: float) -> Field:
    """Share of each voxel inside a shape whose border is flat on the scale of the voxel.

    Args:
        distance: signed distance of the voxel's centre to the border in mm, negative inside.
        voxel: side of a voxel in mm.

    Returns:
        Values 0..1.
    """
    return np.clip(0.5 - distance / voxel, 0, 1)


def sheet(distance: Field, half_width: Field | float, voxel: float) -> Field:
    """Share of each voxel inside a thin layer, right also for layers thinner than a voxel.

    Args:
        distance: distance of the voxel's centre to the middle of the layer in mm, of either sign.
        half_width: half the thickness of the layer in mm.
        voxel: side of a voxel in mm.

    Returns:
        Values 0..1.
    """
    return filled(distance - half_width, voxel) + filled(-distance - half_width, voxel) - 1


def ellipsoid_distance(position: tuple[Field, Field, Field], axes: tuple[float, float, float]) -> Field:
    """Signed distance to an ellipsoid about the origin, exact to first order at its surface.

    Args:
        position: coordinates x, y and z in mm.
        axes: half axes in mm.

    Returns:
        Distance in mm, negative inside.
    """
    scaled = [x / a for x, a in zip(position, axes, strict=True)]
    # At the centre, where the gradient is not defined, the way out is along the shortest axis.
    radius = np.sqrt(sum(s * s for s in scaled)) + _TINY
    gradient = np.sqrt(sum((s / a) ** 2 for s, a in zip(scaled, axes, strict=True))) + _TINY / min(axes)
    return radius * (radius - 1) / gradient


@dataclass(frozen=True)
class Ellipsoid:
    """One ellipsoid of a structure.

    Attributes:
        centre: in mm.
        axes: half axes in mm, before rotation.
        turn_deg: rotation about z; positive turns the front towards the middle.
        tilt_deg: rotation about x; positive raises the front.
    """

    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    turn_deg: float = 0.0
    tilt_deg: float = 0.0

    def distance(self, position: tuple[Field, Field, Field], scale: Field | float = 1.0) -> Field:
        """Signed distance in mm, negative inside.

        Args:
            position: coordinates in mm.
            scale: by which the half axes are multiplied.
        """
        x, y, z = (p - c for p, c in zip(position, self.centre, strict=True))
        turn, tilt = float(np.deg2rad(self.turn_deg)), float(np.deg2rad(self.tilt_deg))
        x, y = _rotate(x, y, turn)
        y, z = _rotate(y, z, tilt)
        return scale * ellipsoid_distance((x / scale, y / scale, z / scale), self.axes)


def soft_union(distances: Iterable[Field], blend: float) -> Field:
    """Signed distance to the union of shapes, with rounded seams.

    Args:
        distances: signed distance to each shape in mm.
        blend: how far from a seam it is rounded, in mm.
    """

    def join(first: Field, second: Field) -> Field:
        closeness = np.clip(1 - np.abs(first - second) / blend, 0, None)
        return np.minimum(first, second) - closeness**2 * (blend / 4)

    return reduce(join, distances)


def _rotate(first: Field, second: Field, angle_rad: float) -> tuple[Field, Field]:
    cos, sin = float(np.cos(angle_rad)), float(np.sin(angle_rad))
    return cos * first + sin * second, cos * second - sin * first
