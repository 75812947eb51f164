"""A head of ellipsoids with a hot insert, for the example list-mode file."""

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.grid import Grid

GRID = Grid(shape=(64, 72, 44), spacing=(3.0, 3.0, 3.0), centre=(0.0, 0.0, 0.0))
INSERT_CENTRE = (35.0, 25.0, 9.0)
"""To the right, in front and above: an image that is mirrored or turned shows it."""
INSERT_RADIUS = 12.0
_SCALP, _SKULL, _BRAIN, _WHITE = (1.0, 0.93, 0.86, 0.66)
"""Where the layers of the head end outwards, in units of its half axes."""
_HALF_AXES = (76.0, 94.0, 105.0)
_ACTIVITY = {"scalp": 1500.0, "skull": 500.0, "grey": 6000.0, "white": 2500.0, "insert": 20000.0}


def draw_example_head() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw activity and attenuation on ``GRID``.

    Returns:
        Activity in Bq/ml and attenuation in 1/mm at 511 keV, ``(X, Y, Z)`` each.
    """
    x, y, z = GRID.coordinates()
    radius = np.sqrt((x / _HALF_AXES[0]) ** 2 + (y / _HALF_AXES[1]) ** 2 + (z / _HALF_AXES[2]) ** 2)
    layers = [radius < _WHITE, radius < _BRAIN, radius < _SKULL, radius < _SCALP]
    activity = np.select(layers, [_ACTIVITY[name] for name in ("white", "grey", "skull", "scalp")], 0.0)
    distance = np.sqrt(sum((c - m) ** 2 for c, m in zip((x, y, z), INSERT_CENTRE, strict=True)))
    activity[distance < INSERT_RADIUS] = _ACTIVITY["insert"]
    attenuation = np.select(layers, [0.0096, 0.0096, 0.0151, 0.0096], 0.0)
    return activity.astype(np.float32), attenuation.astype(np.float32)
