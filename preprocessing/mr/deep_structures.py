"""Ventricles, cisterns and deep grey matter."""

from dataclasses import dataclass

import numpy as np

from preprocessing.mr.head import Envelope, HeadTraits
from preprocessing.mr.head_grid import HeadGrid
from preprocessing.mr.soft_shapes import Ellipsoid, Field, filled, soft_union

# Right side; the left one mirrors it. Coordinates in mm from the brain's centre.
_LATERAL_VENTRICLE = (
    Ellipsoid((9.0, 38.0, 8.0), (3.0, 13.0, 7.0), turn_deg=-15.0, tilt_deg=-15.0),
    Ellipsoid((9.5, 14.0, 18.0), (3.6, 24.0, 4.2), turn_deg=8.0, tilt_deg=-8.0),
    Ellipsoid((16.5, -14.0, 16.0), (4.0, 13.0, 5.5), turn_deg=32.0, tilt_deg=12.0),
    Ellipsoid((23.0, -28.0, 8.0), (4.5, 9.0, 8.0), turn_deg=25.0),
    Ellipsoid((24.0, -45.0, 4.0), (2.6, 13.0, 3.8), turn_deg=-8.0),
    Ellipsoid((32.0, -8.0, -13.0), (2.6, 17.0, 3.0), turn_deg=-8.0),
)
_THIRD_VENTRICLE = Ellipsoid((0.0, 2.0, -4.0), (1.4, 12.0, 9.0))
_CISTERN = Ellipsoid((0.0, -24.0, -7.0), (9.0, 4.0, 6.0))
_DEEP_GREY = (
    Ellipsoid((15.0, 33.0, 5.0), (4.8, 9.0, 8.0), turn_deg=-12.0),  # head of the caudate nucleus
    Ellipsoid((17.5, 10.0, 19.0), (3.0, 16.0, 4.0), turn_deg=12.0, tilt_deg=-15.0),  # its body
    Ellipsoid((27.0, 19.0, -1.0), (5.0, 16.0, 10.0), turn_deg=12.0),  # putamen
    Ellipsoid((19.5, 14.0, -3.0), (3.6, 9.0, 6.5), turn_deg=25.0),  # pallidum
    Ellipsoid((11.5, -3.0, 5.0), (7.5, 14.0, 8.0), turn_deg=28.0),  # thalamus
)
_SEAM = 3.0


@dataclass(frozen=True)
class DeepStructures:
    """Shares of each voxel, 0..1.

    Attributes:
        ventricles: inside the ventricles.
        cistern: inside the quadrigeminal cistern.
        grey: inside deep grey matter, ventricles not yet taken out.
        ventricle_distance: signed distance to the ventricles in mm, negative inside.
    """

    ventricles: Field
    cistern: Field
    grey: Field
    ventricle_distance: Field


def build_deep_structures(grid: HeadGrid, traits: HeadTraits, envelope: Envelope) -> DeepStructures:
    """Place the deep structures.

    Args:
        grid: the fine grid.
        traits: measures of the head; the ventricles grow with age.
        envelope: of the same head.
    """
    x, y, z = (p / scale for p, scale in zip(envelope.position, traits.scales, strict=True))
    side = (np.abs(x), y, z)
    size = (traits.ventricles * (1 + traits.asymmetry * np.sign(x))).astype(np.float32)
    lateral = soft_union([part.distance(side, size) for part in _LATERAL_VENTRICLE], _SEAM)
    third = _THIRD_VENTRICLE.distance((x, y, z), traits.ventricles)
    ventricles = np.minimum(lateral, third)
    grey = soft_union([part.distance(side) for part in _DEEP_GREY], 1.0)
    return DeepStructures(
        ventricles=filled(ventricles, grid.resolution),
        cistern=filled(_CISTERN.distance((x, y, z)), grid.resolution),
        grey=filled(grey, grid.resolution),
        ventricle_distance=ventricles,
    )
