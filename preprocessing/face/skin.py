"""Skin: its colour, slow variations, folds, freckles and moles."""

import math

import numpy as np

from preprocessing.face.layers import Field, Place, colour, hill, limited, ridge
from preprocessing.face.traits import Identity

_FAIR, _DARK = colour(0.80, 0.56, 0.44), colour(0.16, 0.085, 0.055)
_WAVELENGTHS = (1.1, 0.6, 0.35)
_MAX_FRECKLES, _MAX_MOLES = 36, 8
_MARKS = 1
"""Keeps the draws of marks apart from others with the seed of the person."""


def skin_colour(identity: Identity) -> Field:
    """Mean reflectance of the skin, ``(3,)``, linear.

    Args:
        identity: the person.
    """
    skin = identity.skin
    tone, flush = limited(skin.tone, 0, 0.9), limited(skin.flush) - 0.5
    return _FAIR ** (1 - tone) * _DARK**tone * colour(1 + 0.1 * flush, 1 - 0.1 * flush, 1 - 0.12 * flush)


def paint_skin(identity: Identity, place: Place) -> Field:
    """Paint skin everywhere; the same in every picture of a person.

    Args:
        identity: the person.
        place: where on the head.

    Returns:
        Reflectance ``(..., 3)``, linear.
    """
    rng = np.random.default_rng([identity.seed, _MARKS])
    shade = _slow_variation(identity, place, rng) * _folds(identity, place)
    shade *= np.clip(1 - _marks(identity, place, rng), 0.15, 1)
    # Cheeks and the tip of the nose are redder than the rest.
    blush = hill(np.abs(place.x), place.y, (0.4, -0.4), (0.18, 0.16))
    blush += hill(place.x, place.y, (0, -0.42), (0.12, 0.08))
    blush *= 0.12 * limited(identity.skin.flush)
    tint = 1 - blush[..., None] * colour(0.0, 1.0, 0.9)
    return skin_colour(identity) * shade[..., None] * tint


def _slow_variation(identity: Identity, place: Place, rng: np.random.Generator) -> Field:
    shade = np.zeros_like(place.x)
    for wavelength in _WAVELENGTHS:
        for across, along, phase, size in rng.uniform(-1, 1, (3, 4)).tolist():
            turn = 2 * math.pi / wavelength
            shade += size * np.sin(turn * across * place.x + turn * along * place.y + math.pi * phase)
    return 1 + 0.5 * identity.skin.blotch * shade


def _marks(identity: Identity, place: Place, rng: np.random.Generator) -> Field:
    """How much darker freckles and moles make the skin, 0..1."""
    skin = identity.skin
    marks = np.zeros_like(place.x)
    freckles = rng.uniform((-0.55, -0.62, 0.2), (0.55, 0.12, 1.0), (_MAX_FRECKLES, 3)).tolist()
    moles = rng.uniform((-0.55, -1.0), (0.55, 0.55), (_MAX_MOLES, 2)).tolist()
    if skin.freckles > 0:
        for x, y, strength in freckles:
            marks += 0.5 * min(skin.freckles, 1.0) * strength * hill(place.x, place.y, (x, y), (0.022, 0.022))
    for x, y in moles[: max(0, round(skin.moles))]:
        marks += 0.6 * hill(place.x, place.y, (x, y), (0.02, 0.02))
    return marks


def _folds(identity: Identity, place: Place) -> Field:
    """Darkening by bags below the eyes, wrinkles of the forehead and lines beside the eyes."""
    eyes, side = identity.eyes, np.abs(place.x)
    fade = 1 - 0.25 * limited(eyes.bag) * hill(side, place.y, (eyes.distance - 0.02, -0.115), (0.11, 0.03))
    fade *= 1 - 0.3 * ridge(side - eyes.distance + 0.13, 0.05) * ridge(place.y - 0.03, 0.06)
    worn = max(0.0, identity.skin.age - 0.3)
    if worn > 0:
        lines = np.sin((place.y - 0.06 * side) * (2 * math.pi / 0.085) + identity.seed % 7) ** 4
        fade *= 1 - 0.35 * worn * lines * hill(place.x, place.y, (0, 0.46), (0.3, 0.09))
        crow = np.sin((place.y - 0.25 * (side - 0.5)) * (2 * math.pi / 0.06)) ** 2
        fade *= 1 - 0.25 * worn * crow * hill(side, place.y, (0.56, 0), (0.05, 0.07))
    return fade
