"""A picture of a parametric face."""

import math

import numpy as np
from scipy.ndimage import gaussian_filter

from preprocessing.face.backdrop import paint_backdrop
from preprocessing.face.capture import Capture
from preprocessing.face.eyes import paint_brows, paint_eyes
from preprocessing.face.hair import hair_colour, hair_on_head
from preprocessing.face.layers import Field, Place, mix
from preprocessing.face.light import light_on
from preprocessing.face.mouth import paint_beard, paint_mouth, paint_nostrils
from preprocessing.face.skin import paint_skin
from preprocessing.face.surface import Head, build_head
from preprocessing.face.traits import Identity

_EYE_ROW, _EYE_DISTANCE = 27 / 64, 18.8 / 64
"""Row of the eyes and distance of the pupils, relative to the side of the picture: those of rows and columns
50 to 200 of the aligned pictures of LFW-a."""
_PUPILS = 0.63
"""Mean distance of the pupils in decimetres."""
_OVERSAMPLING = 2
_STEPS, _DAMPING = 8, 0.75
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Grey from RGB, ITU-R BT.601, as Pillow has it."""


def render_face(identity: Identity, capture: Capture, size: int, in_colour: bool = False) -> Field:
    """Render one picture; the result depends on the arguments only.

    Args:
        identity: the person.
        capture: pose, light, expression and camera.
        size: rows and columns of the picture.
        in_colour: RGB and not grey.

    Returns:
        ``(size, size)`` or ``(size, size, 3)``, values 0..1, rows from the top.
    """
    rng = np.random.default_rng(capture.seed)
    fine = size * _OVERSAMPLING
    pixel = _PUPILS / (_EYE_DISTANCE * fine) / capture.scale
    steps = np.arange(fine, dtype=np.float32)
    across = (steps - (fine - 1) / 2) * pixel - capture.shift[0]
    up = (_EYE_ROW * fine - 0.5 - steps[:, None]) * pixel - capture.shift[1]
    roll = math.radians(capture.roll)
    x = math.cos(roll) * across + math.sin(roll) * up
    y = math.cos(roll) * up - math.sin(roll) * across
    head = build_head(identity, capture, rows=fine * 7 // 8)
    picture = paint_backdrop(identity, capture, x, y, rng)
    _lay_head_over(picture, identity, capture, head, (x, y, pixel))
    return _take(picture, capture, size, in_colour, rng)


def _lay_head_over(
    picture: Field, identity: Identity, capture: Capture, head: Head, grid: tuple[Field, Field, float]
) -> None:
    angle, height, cover = _meet(head, capture, grid)
    seen = np.nonzero(cover > 0)
    angle, height, cover = angle[seen], height[seen], cover[seen]
    x = head.look_up(head.radius, angle, height) * np.sin(angle)
    place = Place(x, height, angle, 2 * grid[2])
    reflectance = paint_skin(identity, place)
    reflectance = paint_mouth(identity, capture, place, reflectance)
    reflectance = paint_nostrils(identity, place, reflectance)
    reflectance = paint_beard(identity, capture, place, reflectance)
    reflectance = paint_eyes(identity, capture, place, reflectance)
    reflectance = paint_brows(identity, capture, place, reflectance)
    hair = hair_on_head(identity, capture, place)
    reflectance = mix(reflectance, hair_colour(identity, angle * 6, height), hair)
    light = light_on(head, capture, angle, height, hair)
    picture[seen] = mix(picture[seen], reflectance * light[..., None], cover)


def _meet(head: Head, capture: Capture, grid: tuple[Field, Field, float]) -> tuple[Field, Field, Field]:
    """Where the parallel ray through each pixel meets the turned head.

    The crossing is a fixed point: the radius decides where the ray ends, and that decides the radius.

    Returns:
        Angle about the vertical axis, height, and the share of the pixel that the head covers.
    """
    x, y, pixel = grid
    yaw, pitch = math.radians(capture.yaw), math.radians(capture.pitch)
    reach = np.full_like(x, 0.9)
    for _ in range(_STEPS):
        depth = np.sqrt(np.clip(reach**2 - x**2, 0, None))
        height = (y - math.sin(pitch) * depth) / math.cos(pitch)
        angle = np.arcsin(np.clip(x / np.maximum(reach, 1e-3), -1, 1)) - yaw
        found = head.look_up(head.radius, angle, height)
        reach += _DAMPING * (found - reach)
    cover = np.clip(0.5 + (found - np.abs(x)) / pixel, 0, 1) * (found > 0.05)
    return angle, height, cover


def _take(picture: Field, capture: Capture, size: int, in_colour: bool, rng: np.random.Generator) -> Field:
    """Lens, sampling, exposure to the face, gamma and noise."""
    sigma = capture.blur * size / 64 * _OVERSAMPLING
    picture = gaussian_filter(picture, (sigma, sigma, 0))
    picture = picture.reshape(size, _OVERSAMPLING, size, _OVERSAMPLING, 3).mean(axis=(1, 3))
    face = picture[size // 4 : size * 7 // 8, size // 4 : size * 3 // 4]
    # einsum and not matmul: a BLAS sums in another order on another number of threads.
    brightness = float(np.einsum("xyc,c->xy", face, _LUMA).mean())
    gain = capture.exposure ** (1 / capture.gamma) / brightness
    picture = np.clip(gain * picture, 0, 1) ** capture.gamma
    if not in_colour:
        picture = np.einsum("xyc,c->xy", picture, _LUMA)
    noise = capture.noise * rng.standard_normal(picture.shape, dtype=np.float32)
    return np.clip(picture + noise, 0, 1)
