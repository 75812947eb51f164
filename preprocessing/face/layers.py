"""Soft-edged shapes and colours that are laid over one another."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Place:
    """Points on the head, arrays of one shape.

    Attributes:
        x: to the left of the person, in decimetres.
        y: above the eyes, in decimetres.
        angle: about the vertical axis in radians, 0 in front.
        edge: width over which borders are smoothed, in decimetres.
    """

    x: Field
    y: Field
    angle: Field
    edge: float


def colour(red: float, green: float, blue: float) -> Field:
    """One colour, ``(3,)``, linear reflectance 0..1.

    Args:
        red: share of red light that is sent back.
        green: share of green light.
        blue: share of blue light.
    """
    return np.array([red, green, blue], dtype=np.float32)


def mix(below: Field, above: Field, share: Field) -> Field:
    """Lay one colour over another.

    Args:
        below: ``(..., 3)``.
        above: the same, or one colour.
        share: of the upper one, ``(...)``.

    Returns:
        ``(..., 3)``.
    """
    return below + share[..., None] * (above - below)


def inside(distance: Field, edge: float) -> Field:
    """Share of a shape with soft borders.

    Args:
        distance: signed distance to its border, negative inside.
        edge: width of the border.

    Returns:
        Values 0..1.
    """
    t = np.clip(0.5 - distance / edge, 0, 1)
    return t * t * (3 - 2 * t)


def ridge(distance: Field, width: float) -> Field:
    """A Gaussian line of height 1.

    Args:
        distance: to the middle of the line.
        width: standard deviation.
    """
    return np.exp(-0.5 * (distance / width) ** 2)


def hill(x: Field, y: Field, centre: tuple[float, float], size: tuple[float, float]) -> Field:
    """A Gaussian hill of height 1.

    Args:
        x: position.
        y: position.
        centre: of the hill.
        size: standard deviations along x and y.
    """
    return np.exp(-0.5 * (((x - centre[0]) / size[0]) ** 2 + ((y - centre[1]) / size[1]) ** 2))


def limited(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """A number moved into a range.

    Args:
        value: the number.
        low: end of the range.
        high: end of the range.
    """
    return min(max(value, low), high)
