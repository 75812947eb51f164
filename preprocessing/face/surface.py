"""The head as a surface about a vertical axis: its radius by angle and height."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter, map_coordinates

from preprocessing.face.capture import Capture
from preprocessing.face.layers import Field, hill, limited
from preprocessing.face.traits import Identity

_HALF_TURN = math.radians(130)
"""The back of the head is never seen."""
_LOW, _HIGH = -1.45, 1.5
_SHARP_FRONT = 0.45
"""Share by which samples lie closer together in front, where the features are."""


@dataclass(frozen=True)
class Head:
    """A sampled surface.

    Attributes:
        radius: ``(rows, columns)`` in decimetres; rows run down from ``_HIGH``, columns from the person's
            right ear over the face to the left one.
        normal: unit normals x, y, z, each of the same shape.
        hollow: how far a point lies below its surroundings, in decimetres.
    """

    radius: Field
    normal: tuple[Field, Field, Field]
    hollow: Field

    def look_up(self, field: Field, angle: Field, height: Field) -> Field:
        """Interpolate a field of the grid.

        Args:
            field: of the shape of ``radius``.
            angle: about the vertical axis in radians, 0 in front.
            height: y in decimetres.
        """
        rows, columns = field.shape
        row = (_HIGH - height) * ((rows - 1) / (_HIGH - _LOW))
        column = (_stretch(angle / _HALF_TURN) + 1) * ((columns - 1) / 2)
        return map_coordinates(field, [row, column], output=np.float32, order=1, mode="nearest")


def build_head(identity: Identity, capture: Capture, rows: int) -> Head:
    """Build the surface of a head with an expression, without hair.

    Args:
        identity: the person.
        capture: expression.
        rows: of the grid; it has 5/4 as many columns.
    """
    columns = rows * 5 // 4
    position = np.linspace(-1, 1, columns, dtype=np.float32)
    angle = (_unstretch(position) * _HALF_TURN).astype(np.float32)[None]
    height = np.linspace(_HIGH, _LOW, rows, dtype=np.float32)[:, None]
    radius = _skull(identity, angle, height)
    x = radius * np.sin(angle)
    front = np.clip(np.cos(angle) * 3, 0, 1)
    radius = radius + front * _features(identity, capture, x, np.broadcast_to(height, x.shape))
    radius += _ears(identity, angle, height)
    hollow = gaussian_filter(radius, rows / 18, mode="nearest") - radius
    return Head(radius, _normals(radius, angle, height), hollow)


def _stretch(turn: Field) -> Field:
    """From angle to grid, both -1..1; the inverse of ``_unstretch``."""
    a = np.float32(_SHARP_FRONT)
    size = np.minimum(np.abs(turn), 1)
    return np.sign(turn) * ((a - 1) + np.sqrt((1 - a) ** 2 + 4 * a * size)) / (2 * a)


def _unstretch(position: Field) -> Field:
    a = np.float32(_SHARP_FRONT)
    return np.sign(position) * ((1 - a) * np.abs(position) + a * position**2)


def _skull(identity: Identity, angle: Field, height: Field) -> Field:
    """Elliptic sections, wide and deep by smooth profiles."""
    s = identity.skull
    end = -s.length - 0.03
    levels = [end, -s.length + 0.09, -0.72, -0.25, 0.12, 0.55, s.top]
    width = PchipInterpolator(
        levels, [0.8 * s.chin, s.chin + 0.05, s.jaw, s.cheek, s.width, s.forehead + 0.06, 0.6]
    )
    depth = PchipInterpolator(
        levels, [s.depth - 0.1, s.depth - 0.02, s.depth, s.depth, s.depth, s.depth - 0.02, s.depth - 0.3]
    )
    y = np.clip(height, end, s.top)
    # The crown closes like a circle, the chin like a flatter curve.
    crown = np.sqrt(np.clip(1 - (np.clip(height, 0.3, None) - 0.3) ** 2 / (s.top - 0.3) ** 2, 0, 1))
    below = np.clip((height - end + 0.02) / 0.16, 0, 1)
    chin = np.sqrt(1 - (1 - below) ** 2)
    half_width = (width(y) * crown * chin).astype(np.float32)
    half_depth = (depth(y) * crown * (0.35 + 0.65 * chin)).astype(np.float32) * (below > 0)
    span = np.sqrt((half_depth * np.sin(angle)) ** 2 + (half_width * np.cos(angle)) ** 2)
    return half_width * half_depth / np.maximum(span, 1e-4)


def _features(identity: Identity, capture: Capture, x: Field, y: Field) -> Field:
    """What stands out of the skull, in decimetres."""
    s, e, m = identity.skull, identity.eyes, identity.mouth
    side = np.abs(x)
    lips = -m.height
    smile = capture.smile
    relief = s.brow_ridge * hill(side, y, (0.22, e.brow_height - 0.04), (0.2, 0.06))
    relief -= s.socket * hill(side, y, (e.distance - 0.02, 0.0), (0.15, 0.1))
    relief += 0.045 * hill(side, y, (e.distance, -0.01), (0.085, 0.065))
    relief += (0.02 + s.cheekbone) * hill(side, y, (0.43, -0.25), (0.15, 0.1))
    relief += s.cheek_fill * hill(side, y, (0.38, -0.55), (0.13, 0.18))
    relief += 0.035 * smile * hill(side, y, (0.35, -0.42), (0.11, 0.1))
    relief += 0.04 * hill(x, y, (0, lips), (0.24, 0.17))
    relief += m.stand * hill(x, y, (0, lips + 0.5 * m.upper), (m.width * 0.6, 0.03))
    relief += 1.2 * m.stand * hill(x, y, (0, lips - 0.6 * m.lower), (m.width * 0.5, 0.035))
    relief -= 0.035 * hill(x, y, (0, lips - m.lower - 0.06), (0.16, 0.04))
    relief += (0.02 + s.chin_boss) * hill(x, y, (0, -s.length + 0.16), (0.14, 0.1))
    relief -= 0.02 * m.groove * hill(x, y, (0, lips + 0.15), (0.025, 0.07))
    # The fold from the wing of the nose around the mouth, deeper with age and smile.
    fold = side - (identity.nose.width + 0.03 + 0.42 * (-identity.nose.length + 0.02 - y))
    reach = hill(side * 0, y, (0, 0.5 * (lips - identity.nose.length)), (1, 0.14))
    depth = 0.01 + 0.025 * limited(identity.skin.age) + 0.025 * smile
    relief -= depth * reach * np.exp(-0.5 * (fold / 0.045) ** 2)
    return relief + _nose(identity, x, y)


def _nose(identity: Identity, x: Field, y: Field) -> Field:
    n = identity.nose
    base, tip = -n.length, -n.length + n.lift + 0.03
    along = np.clip((0.06 - y) / (0.06 - tip), 0, 1)
    middle = n.shift * along
    height = n.root + (0.72 * n.tip - n.root) * along**1.3
    # Below the tip the nose ends within a few millimetres; above the root it runs out slowly.
    ends = np.clip((y - base + 0.045) / 0.09, 0, 1) * np.clip((0.2 - y) / 0.2, 0, 1)
    back = height * ends * np.exp(-0.5 * ((x - middle) / (n.bridge * (1 + 0.5 * along))) ** 2)
    bulb = 0.42 * n.tip * hill(x, y, (n.shift, tip), (n.bulb, 0.07))
    wing_height = base + 0.05
    wings = 0.085 * hill(np.abs(x - n.shift), y, (n.width - 0.055, wing_height), (0.045, 0.05))
    return back + bulb + wings


def _ears(identity: Identity, angle: Field, height: Field) -> Field:
    s = identity.skull
    turn = np.abs(angle) - math.radians(95)
    shape = np.clip(1 - ((height + 0.12) / s.ear_size) ** 2, 0, 1) ** 0.5
    return s.ear_stand * shape * np.exp(-0.5 * (turn / math.radians(6)) ** 2)


def _normals(radius: Field, angle: Field, height: Field) -> tuple[Field, Field, Field]:
    """Cross product of the derivatives by angle and by height of ``(r sin a, y, r cos a)``."""
    by_angle = np.gradient(radius, axis=1) / np.gradient(angle[0])[None]
    by_height = np.gradient(radius, axis=0) / np.gradient(height[:, 0])[:, None]
    sin, cos = np.sin(angle), np.cos(angle)
    # Surface r - R(a, y) = 0: its gradient points outwards.
    x = sin - cos * by_angle / np.maximum(radius, 0.05)
    z = cos + sin * by_angle / np.maximum(radius, 0.05)
    y = -by_height
    length = np.sqrt(x * x + y * y + z * z)
    return (x / length).astype(np.float32), (y / length).astype(np.float32), (z / length).astype(np.float32)
