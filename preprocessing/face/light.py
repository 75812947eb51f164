"""Light on a turned head."""

import math

import numpy as np

from preprocessing.face.capture import Capture
from preprocessing.face.layers import Field
from preprocessing.face.surface import Head

_WRAP = 0.15
"""Light that reaches a little beyond the edge of the shadow, as below skin."""
_GLOSS, _GLOSS_EXPONENT = 0.18, 18
_OCCLUSION = 4.5
Direction = tuple[float, float, float]


def light_on(head: Head, capture: Capture, angle: Field, height: Field, hair: Field) -> Field:
    """Light that points send to the camera, relative to their reflectance.

    Lambert's law for one lamp, Blinn's gloss and an even sky that hollows see less of.

    Args:
        head: the surface.
        capture: pose and light.
        angle: of the points about the vertical axis, in radians.
        height: of the points.
        hair: share of hair there; it shines less.

    Returns:
        Values from 0, of the shape of ``angle``.
    """
    lamp = _in_head(_direction(capture.light_azimuth, capture.light_elevation), capture)
    viewer = _in_head((0.0, 0.0, 1.0), capture)
    normal = [head.look_up(part, angle, height) for part in head.normal]
    diffuse = np.clip((_dot(lamp, normal) + _WRAP) / (1 + _WRAP), 0, None)
    between = [a + b for a, b in zip(lamp, viewer, strict=True)]
    length = math.hypot(*between)
    half = (between[0] / length, between[1] / length, between[2] / length)
    gloss = _GLOSS * np.clip(_dot(half, normal), 0, None) ** _GLOSS_EXPONENT * (1 - 0.5 * hair)
    hollow = np.clip(head.look_up(head.hollow, angle, height), -0.05, 0.15)
    open_sky = np.clip(1 - _OCCLUSION * hollow, 0.35, 1.15)
    sky = open_sky * (0.75 + 0.25 * normal[1])
    return capture.ambient * sky + (1 - capture.ambient) * (diffuse * np.sqrt(open_sky) + gloss)


def _direction(azimuth_deg: float, elevation_deg: float) -> Direction:
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    flat = math.cos(elevation)
    return math.sin(azimuth) * flat, math.sin(elevation), math.cos(azimuth) * flat


def _in_head(direction: Direction, capture: Capture) -> Direction:
    """From the frame of the picture to that of the head: undo the nod, then the turn."""
    yaw, pitch = math.radians(capture.yaw), math.radians(capture.pitch)
    x, y, z = direction
    y, z = math.cos(pitch) * y - math.sin(pitch) * z, math.sin(pitch) * y + math.cos(pitch) * z
    return math.cos(yaw) * x - math.sin(yaw) * z, y, math.sin(yaw) * x + math.cos(yaw) * z


def _dot(direction: Direction, normal: list[Field]) -> Field:
    return direction[0] * normal[0] + direction[1] * normal[1] + direction[2] * normal[2]
