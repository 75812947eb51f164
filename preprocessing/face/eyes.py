"""Eyes and brows."""

import numpy as np

from preprocessing.face.capture import Capture
from preprocessing.face.hair import hair_colour
from preprocessing.face.layers import Field, Place, colour, inside, limited, mix, ridge
from preprocessing.face.skin import skin_colour
from preprocessing.face.traits import EyeTraits, Identity

_WHITE, _GLINT, _LASH = colour(0.72, 0.68, 0.66), colour(1.0, 1.0, 1.0), colour(0.02, 0.015, 0.012)
_BROWN, _BLUE = colour(0.035, 0.02, 0.013), colour(0.22, 0.27, 0.32)
_IRIS, _PUPIL = 0.06, 0.026
"""Radii; that of the iris hardly differs between adults."""


def paint_eyes(identity: Identity, capture: Capture, place: Place, below: Field) -> Field:
    """Paint both eyes with their lids.

    Args:
        identity: the person.
        capture: expression and gaze.
        place: where on the head.
        below: reflectance of the skin, ``(..., 3)``.

    Returns:
        Reflectance ``(..., 3)``.
    """
    e, skin = identity.eyes, skin_colour(identity)
    opening = e.opening * capture.eyes_open * (1 - 0.25 * capture.smile)
    result = below
    for sign in (-1.0, 1.0):
        x = place.x - sign * e.distance
        y = place.y - e.tilt * sign * x
        out = np.clip(sign * x / e.width, -1.3, 1.3)
        arch = np.clip(1 - out**2, 0, None)
        upper, lower = 1.1 * opening * arch**0.75, -0.85 * opening * arch
        within = (np.abs(out) < 1.05).astype(np.float32)
        crease = ridge(y - upper - e.crease * (0.4 + 0.6 * arch), 0.011) * np.clip(1.2 - out**2, 0, 1)
        result = mix(result, 0.35 * skin, 0.6 * crease * within)
        gap = inside(np.maximum(y - upper, lower - y), place.edge) * within
        result = mix(result, _eyeball(e, capture, x, y, upper, place.edge), gap)
        lash = limited(0.55 + 0.45 * e.lash) * ridge(y - upper, 0.01 + 0.008 * limited(e.lash))
        result = mix(result, _LASH, lash * within)
        result = mix(result, 0.3 * skin, 0.5 * ridge(y - lower, 0.009) * within)
    return result


def paint_brows(identity: Identity, capture: Capture, place: Place, below: Field) -> Field:
    """Paint both brows.

    Args:
        identity: the person.
        capture: expression.
        place: where on the head.
        below: reflectance of the skin, ``(..., 3)``.

    Returns:
        Reflectance ``(..., 3)``.
    """
    e = identity.eyes
    side = np.abs(place.x)
    along = np.clip((side - e.brow_start) / e.brow_length, 0, 1)
    middle = e.brow_height - 0.03 + capture.brow_raise + e.brow_tilt * e.brow_length * (along - 0.4)
    middle = middle + e.brow_arch * 4 * along * (1 - along) * (0.4 + 1.2 * along) - 0.03 * along**3
    thickness = e.brow_thick * (1.15 - 0.85 * along**1.5)
    beyond = np.abs(side - e.brow_start - 0.5 * e.brow_length) - 0.5 * e.brow_length
    share = inside(np.abs(place.y - middle) - thickness, 0.03) * inside(beyond, 0.05)
    hair = 0.6 * hair_colour(identity, place.x * 6, place.y * 6)
    # Brows are darker than the skin also where the hair is fair.
    hair = np.minimum(hair, 0.45 * skin_colour(identity))
    return mix(below, hair, limited(e.brow_dark, 0.1) * share)


def _eyeball(e: EyeTraits, capture: Capture, x: Field, y: Field, upper: Field, edge: float) -> Field:
    x, height = x - capture.gaze[0], y - capture.gaze[1] - 0.005
    distance = np.hypot(x, height)
    tone = limited(e.iris, 0.02, 0.8)
    iris = _BROWN * (1 - tone) + _BLUE * tone
    # The white lies in the shadow of the upper lid.
    ball: Field = _WHITE * (0.3 + 0.55 * np.clip((upper - y) / 0.06, 0, 1))[..., None]
    ball = mix(ball, iris, inside(distance - _IRIS, edge))
    ball = mix(ball, 0.08 * iris, inside(distance - _PUPIL, edge))
    return mix(ball, _GLINT, 0.6 * inside(np.hypot(x - 0.02, height - 0.02) - 0.008, edge))
