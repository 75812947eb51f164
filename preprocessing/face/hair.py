"""Hair on the head and the hair that is seen beside it."""

import numpy as np

from preprocessing.face.capture import Capture
from preprocessing.face.layers import Field, Place, colour, inside, limited, ridge
from preprocessing.face.traits import Identity

_BLACK, _FAIR = colour(0.018, 0.013, 0.011), colour(0.62, 0.50, 0.36)
_SHORT = -0.2
"""Hair that ends above this height, below the eyes, leaves the ears free."""
_EAR = 0.1
"""Height of the hairline above the ears."""


def hair_colour(identity: Identity, across: Field, along: Field) -> Field:
    """Reflectance of hair with streaks, ``(..., 3)``, linear.

    Args:
        identity: the person.
        across: position across the streaks, in decimetres.
        along: position along them.
    """
    skin = identity.skin
    tone = limited(skin.hair_tone, 0, 0.9)
    red = 4 * tone * (1 - tone) * limited(skin.hair_red)
    mean = _BLACK ** (1 - tone) * _FAIR**tone * colour(1 + 0.25 * red, 1 - 0.15 * red, 1 - 0.4 * red)
    waves = np.zeros_like(across)
    for number, phase in enumerate(_phases(identity, 5)):
        bend = 0.45 * limited(skin.curl) * np.sin(2.5 * along + phase)
        waves += np.sin((3 + 3.3 * number) * (across + bend) + phase)
    return mean * (1 + 0.14 * waves)[..., None]


def hair_on_head(identity: Identity, capture: Capture, place: Place) -> Field:
    """Share of hair on the head: above a hairline that falls at the temples, and beside the face.

    Args:
        identity: the person.
        capture: what changes from day to day.
        place: where on the head.

    Returns:
        Values 0..1.
    """
    skin, angle = identity.skin, np.abs(place.angle)
    temple = np.clip((angle - 0.45) / 0.75, 0, 1)
    line = skin.hairline + max(0.0, skin.recession) * ridge(angle - 0.45, 0.25)
    # At the side it runs above the ear, and in front of the ear a little lower.
    line = line + temple**1.6 * (_EAR - skin.hairline) - 0.22 * ridge(angle - 1.28, 0.09)
    # A fringe falls from the parting to both sides.
    fringe = max(0.0, skin.fringe + capture.hair_change[0])
    away = np.abs(place.x - 0.3 * skin.parting)
    line = line - 1.3 * fringe * np.clip(2.2 * away, 0.25, 1) * np.clip(1.4 - angle, 0, 1)
    first, second = _phases(identity, 2)
    line = line + 0.015 * np.sin(14 * place.x + first) + 0.01 * np.sin(31 * place.x + second)
    share = inside(line - place.y, 0.07)
    end = _end(identity, capture)
    if end > _SHORT:
        return share
    return np.maximum(share, inside(np.maximum(1.18 - angle, end - place.y), 0.12))


def hair_behind(identity: Identity, capture: Capture, x: Field, y: Field) -> Field:
    """Share of hair that stands off the head, or falls beside the neck.

    Args:
        identity: the person.
        capture: what changes from day to day.
        x: in the picture, from the axis of the head, in decimetres.
        y: above the eyes.

    Returns:
        Values 0..1.
    """
    skull, skin = identity.skull, identity.skin
    volume = max(0.02, skin.volume)
    first, second = _phases(identity, 2)
    wave = 0.04 * limited(skin.curl) * (np.sin(9 * y + first) + 0.6 * np.sin(17 * y + second))
    crown = np.sqrt(np.clip(1 - (np.clip(y, 0, None) / (skull.top + volume)) ** 2, 0, 1))
    end = _end(identity, capture)
    edge = 0.5 * volume if end > _SHORT else volume
    fall = (skull.width + edge + wave * np.clip(1 - y, 0, 1)) * crown + 0.06 * np.clip(-y, 0, 1)
    lowest = _EAR if end > _SHORT else end + 0.06 * np.sin(8 * x + first)
    return inside(np.maximum(np.abs(x) - fall, lowest - y), 0.1)


def _end(identity: Identity, capture: Capture) -> float:
    """Height at which hair beside the face ends, negative below the eyes."""
    return -(identity.skin.hair_length + capture.hair_change[1])


def _phases(identity: Identity, count: int) -> list[float]:
    return [float(phase) for phase in np.random.default_rng(identity.seed).uniform(0, 2 * np.pi, count)]
