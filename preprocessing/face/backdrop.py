"""What is seen behind a head: background, hair, neck and clothes."""

import math

import numpy as np
from scipy.ndimage import zoom

from preprocessing.face.capture import Capture
from preprocessing.face.hair import hair_behind, hair_colour
from preprocessing.face.layers import Field, inside, mix
from preprocessing.face.skin import skin_colour
from preprocessing.face.traits import Identity

_NODES = 4
_AXIS_BEHIND = 0.35
"""How far neck and back of the head lie behind the axis about which the head turns."""


def paint_backdrop(
    identity: Identity, capture: Capture, x: Field, y: Field, rng: np.random.Generator
) -> Field:
    """Paint everything but the head.

    Args:
        identity: the person.
        capture: pose, background and clothes.
        x: to the right in the picture, in decimetres, ``(rows, columns)``.
        y: above the eyes.
        rng: source of what is random in the background.

    Returns:
        Light ``(rows, columns, 3)``, linear.
    """
    picture = _background(capture, x.shape, rng)
    x = x + _AXIS_BEHIND * math.sin(math.radians(capture.yaw))  # it moves against the face
    side = np.abs(x)
    hair = hair_behind(identity, capture, x, y)
    picture = mix(picture, 0.55 * hair_colour(identity, x * 5, y), hair)
    half_width = 0.3 + 0.25 * identity.skull.jaw + 0.6 * np.clip(-y - 1.35, 0, None) ** 1.2
    shade = 0.3 + 0.25 * np.clip((-y - 1.0) / 0.6, 0, 1)
    neck = inside(side - half_width, 0.05) * inside(y + 0.6, 0.1)
    picture = mix(picture, skin_colour(identity) * shade[..., None], neck)
    cloth = (capture.shirt**2 * rng.uniform(0.7, 1.3, 3)).astype(np.float32)
    return mix(picture, cloth, inside(y + 1.5 + 0.1 * side, 0.05))


def _background(capture: Capture, shape: tuple[int, ...], rng: np.random.Generator) -> Field:
    """Soft patches about a mean brightness."""
    patches = 0.1 * rng.normal(size=(_NODES, _NODES, 3)) + 0.25 * rng.normal(size=(_NODES, _NODES, 1))
    tint = rng.uniform(0.8, 1.2, 3)
    factors = (shape[0] / _NODES, shape[1] / _NODES, 1)
    soft = zoom(patches, factors, order=1, mode="nearest", grid_mode=True)
    return (np.clip(capture.backdrop * tint * (1 + soft), 0, 1.2) ** 2).astype(np.float32)
