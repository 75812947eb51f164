"""Photographs as float32 arrays in [0, 1]."""

import os
import struct
import zlib
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import atomic_path
from taskgan_ext.io.optional_package import load_optional

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".pgm", ".ppm")
"""Endings of the names of pictures, in small letters."""
_FORMATS = ("PNG", "JPEG", "PPM")
_GREY_MODES = ("1", "L", "LA", "F")


def load_picture(path: str | os.PathLike[str], channels: int = 1) -> NDArray[np.float32]:
    """Read a picture as it is to be seen: turned as its EXIF orientation says, transparency ignored.

    Of a colour picture the luma of ITU-R BT.601 makes the grey one; colour is read with 8 bits, grey with 8
    or 16.

    Args:
        path: a PNG, JPEG, PGM or PPM file.
        channels: 1 for grey, 3 for red, green and blue.

    Returns:
        Shape ``(channels, rows, columns)`` in [0, 1].

    Raises:
        DataError: the file is missing, or is no such picture.
        DependencyError: Pillow is not installed.
    """
    if channels not in (1, 3):
        raise ValueError(f"expected 1 or 3 channels, got {channels}")
    image, image_ops = _pillow("Image"), _pillow("ImageOps")
    # What Pillow raises on damaged files, beside what is an OSError.
    damaged = (SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
    try:
        with image.open(path, formats=_FORMATS) as file:
            picture = image_ops.exif_transpose(file)
            mode = picture.mode
            shallow = picture if mode.startswith("I") else picture.convert("L" if channels == 1 else "RGB")
            pixels = np.asarray(shallow)
    except FileNotFoundError:
        raise DataError(f"{path}: expected a picture, found no file") from None
    except (OSError, image.DecompressionBombError, *damaged) as error:
        raise DataError(f"{path}: expected a PNG, JPEG or PGM picture, cannot read it ({error})") from None
    if mode == "F":
        raise DataError(f"{path}: expected a picture of 8 or 16 bits, got floating point numbers")
    scaled = pixels.astype(np.float32) / (65535 if mode.startswith("I") else 255)
    if scaled.ndim == 2:
        return np.repeat(scaled[None], channels, axis=0)
    return np.ascontiguousarray(np.moveaxis(scaled, -1, 0))


def has_colour(path: str | os.PathLike[str]) -> bool:
    """Tell whether a pixel of a picture is not grey; of a file that holds grey alone only the head is read.

    Args:
        path: a file that :func:`load_picture` reads.

    Returns:
        False for a picture that is stored in colour and shows none.

    Raises:
        DependencyError: Pillow is not installed.
    """
    with _pillow("Image").open(path, formats=_FORMATS) as file:
        if file.mode in _GREY_MODES or file.mode.startswith("I"):
            return False
        pixels = np.asarray(file.convert("RGB"))
    return bool((pixels != pixels[..., :1]).any())


def save_picture(picture: NDArray[np.floating], path: str | os.PathLike[str]) -> None:
    """Write a picture as PNG of 8 bits, whole or not at all.

    Args:
        picture: shape ``(1 or 3, rows, columns)``; what lies outside [0, 1] is cut off.
        path: ends in ``.png``.

    Raises:
        DataError: a value is no number.
        DependencyError: Pillow is not installed.
    """
    if picture.ndim != 3 or picture.shape[0] not in (1, 3):
        raise ValueError(f"expected a picture of shape (1 or 3, rows, columns), got {picture.shape}")
    if not np.isfinite(picture).all():
        raise DataError(f"{path}: expected a picture to write, got values that are no numbers")
    pixels = (picture.clip(0, 1) * 255).round().astype(np.uint8)
    flat = pixels[0] if len(pixels) == 1 else np.ascontiguousarray(np.moveaxis(pixels, 0, -1))
    with atomic_path(path) as temporary:
        _pillow("Image").fromarray(flat).save(temporary, format="PNG")


def _pillow(module: str) -> ModuleType:
    return load_optional(f"PIL.{module}", "reading and writing pictures", "taskgan-ext[face]")
