"""Lips, teeth, nostrils and beard."""

import numpy as np

from preprocessing.face.capture import Capture
from preprocessing.face.hair import hair_colour
from preprocessing.face.layers import Field, Place, colour, hill, inside, limited, mix, ridge
from preprocessing.face.skin import skin_colour
from preprocessing.face.traits import Identity

_LIP_FAIR, _LIP_DARK = colour(0.40, 0.13, 0.12), colour(0.11, 0.04, 0.04)
_INSIDE, _TEETH = colour(0.06, 0.02, 0.02), colour(0.62, 0.59, 0.54)
_WIDER, _UP = 0.22, 0.055
"""How much a full smile widens the mouth and lifts its corners."""


def paint_mouth(identity: Identity, capture: Capture, place: Place, below: Field) -> Field:
    """Paint the lips and what an open mouth shows.

    Args:
        identity: the person.
        capture: expression.
        place: where on the head.
        below: reflectance of the skin, ``(..., 3)``.

    Returns:
        Reflectance ``(..., 3)``.
    """
    mouth, smile, edge = identity.mouth, capture.smile, place.edge
    u = place.x / (mouth.width * (1 + _WIDER * smile))
    within, u = (np.abs(u) < 0.99).astype(np.float32), np.clip(u, -1, 1)
    line = (mouth.corner + _UP * smile) * u**2 - mouth.height - 0.02 * smile
    gap = (0.055 * capture.mouth_open + 0.08 * max(0.0, smile - 0.5)) * (1 - u**2)
    top, bottom = line + 0.4 * gap, line - 1.6 * gap
    thin = 1 - 0.3 * smile
    bow = 1 - 0.5 * limited(mouth.bow) * ridge(u, 0.13)
    upper = top + thin * mouth.upper * (1 - np.abs(u) ** 1.7) * bow
    lower = bottom - thin * mouth.lower * (1 - u**2) ** 0.8
    red = inside(np.maximum(place.y - upper, lower - place.y), 1.5 * edge) * within
    skin, tone = skin_colour(identity), limited(identity.skin.tone)
    lip = skin + (0.45 + 0.55 * limited(mouth.red)) * (_LIP_FAIR * (1 - tone) + _LIP_DARK * tone - skin)
    result = mix(below, lip, red)
    open_part = inside(np.maximum(place.y - top, bottom - place.y), edge) * within * np.clip(gap / edge, 0, 1)
    result = mix(result, _INSIDE, open_part)
    teeth = open_part * inside(line - 0.9 * gap - place.y, edge) * inside(np.abs(u) - 0.75, 0.2)
    result = mix(result, _TEETH, limited(4 * smile - 2) * teeth)
    closed = within * (1 - np.clip(gap / 0.03, 0, 1))
    return mix(result, 0.25 * lip, 0.75 * closed * ridge(place.y - line, 0.6 * edge + 0.004))


def paint_nostrils(identity: Identity, place: Place, below: Field) -> Field:
    """Paint nostrils and the creases beside the nose's wings.

    Args:
        identity: the person.
        place: where on the head.
        below: reflectance of the skin, ``(..., 3)``.

    Returns:
        Reflectance ``(..., 3)``.
    """
    n = identity.nose
    side = np.abs(place.x - n.shift)
    base = -n.length + 0.005
    dark = 0.75 * n.nostril * hill(side, place.y, (0.46 * n.width, base), (0.034, 0.017))
    wing = side - n.width + 2.5 * (place.y - base - 0.04) ** 2
    dark += 0.5 * ridge(wing, 0.014) * ridge(place.y - base - 0.05, 0.04)
    dark += 0.12 * hill(place.x, place.y, (0, base - 0.025), (0.7 * n.width, 0.016))
    return mix(below, 0.18 * skin_colour(identity), np.clip(dark, 0, 0.9))


def paint_beard(identity: Identity, capture: Capture, place: Place, below: Field) -> Field:
    """Paint the beard of those who have one.

    Args:
        identity: the person.
        capture: how well it is shaved.
        place: where on the head.
        below: reflectance of the skin, ``(..., 3)``.

    Returns:
        Reflectance ``(..., 3)``.
    """
    if identity.skin.beard <= 0:
        return below
    density = limited(identity.skin.beard + capture.stubble, 0, 0.9)
    mouth, side = identity.mouth, np.abs(place.x)
    cheek = place.y + 0.62 - 0.75 * np.clip(side - 0.42, 0, None)
    jaw = inside(np.maximum(cheek, 0.8 * (mouth.width + 0.04 - side)), 0.2)
    chin = inside(place.y + mouth.height + mouth.lower + 0.05, 0.1)
    lip = np.abs(place.y + mouth.height - 0.5 * mouth.upper - 0.07) - 0.045
    moustache = inside(np.maximum(lip, side - mouth.width - 0.04), 0.08)
    grain = 0.85 + 0.15 * np.sin(61 * place.x + 13 * np.sin(17 * place.y)) * np.sin(57 * place.y)
    hair = 0.9 * hair_colour(identity, place.x * 5, place.y * 3)
    hair = np.minimum(hair, 0.5 * skin_colour(identity))
    return mix(below, hair, density * grain * np.clip(jaw + chin + moustache, 0, 1))
