"""The part of a photograph that is kept, at the working size."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from preprocessing.face.layers import Field
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.picture import load_picture

WHOLE, AUTOMATIC = "whole", "automatic"
_LFW_SIDE = 250
_MOST_ENLARGED = 2
"""In a face that is enlarged by more, most pixels would be made up."""


@dataclass(frozen=True)
class Crop:
    """A square of a photograph, in pixels.

    Attributes:
        top: first row.
        left: first column.
        side: rows and columns.

    Raises:
        ConfigError: it begins outside of the photograph or is empty.
    """

    top: int
    left: int
    side: int

    def __post_init__(self) -> None:
        if min(self.top, self.left) < 0 or self.side < 1:
            raise ConfigError(f"crop: expected a square within the picture, got {self}")

    @classmethod
    def centred(cls, rows: int, columns: int) -> Self:
        """The largest square in the middle of a photograph.

        Args:
            rows: of the photograph.
            columns: of the photograph.
        """
        side = min(rows, columns)
        return cls((rows - side) // 2, (columns - side) // 2, side)

    def __str__(self) -> str:
        return f"{self.top},{self.left},{self.side},{self.side}"


LFW_CROP = Crop(50, 50, 150)
"""The face in a picture of LFW-a."""


def parse_crop(text: str) -> Crop | str:
    """Parse what a user wants to keep.

    Args:
        text: ``TOP,LEFT,HEIGHT,WIDTH``, ``whole`` or ``automatic``.

    Returns:
        The square, or one of the words.

    Raises:
        ConfigError: it is something else, or no square.
    """
    if text in (WHOLE, AUTOMATIC):
        return text
    try:
        top, left, height, width = map(int, text.split(","))
    except ValueError:
        raise ConfigError(
            f"crop: expected TOP,LEFT,HEIGHT,WIDTH in pixels such as {LFW_CROP}, {WHOLE} or {AUTOMATIC}, "
            f"got {text!r}"
        ) from None
    if height != width:
        raise ConfigError(f"crop: expected a square, since faces would be stretched, got {height} x {width}")
    return Crop(top, left, height)


def load_face(path: Path, crop: Crop | str, size: int, channels: int) -> Field:
    """Read a photograph, cut out a square and bring it to the working size.

    Args:
        path: of the photograph.
        crop: a square; ``whole`` for the largest in the middle; ``automatic`` for rows and columns 50 to 200
            of photographs of 250 x 250, the size of LFW-a's, and as ``whole`` of others.
        size: rows and columns wanted; bicubic with averaging, as Pillow has it.
        channels: 1 for grey, 3 for colour.

    Returns:
        ``(channels, size, size)``, values 0..1.

    Raises:
        DataError: the file is no picture, the crop reaches beyond it, or it has less than half the rows and
            columns wanted.
    """
    picture = load_picture(path, channels)
    rows, columns = picture.shape[1:]
    if isinstance(crop, str):
        lfw = crop == AUTOMATIC and (rows, columns) == (_LFW_SIDE, _LFW_SIDE)
        crop = LFW_CROP if lfw else Crop.centred(rows, columns)
    if crop.top + crop.side > rows or crop.left + crop.side > columns:
        raise DataError(
            f"{path}: expected a picture that holds the crop {crop}, got {rows} rows x {columns} columns"
        )
    if _MOST_ENLARGED * crop.side < size:
        raise DataError(
            f"{path}: expected at least {math.ceil(size / _MOST_ENLARGED)} rows and columns to be kept for "
            f"pictures of {size} x {size}, got {crop.side} of {rows} rows x {columns} columns; take a larger "
            "photograph or crop, or a smaller size"
        )
    square = picture[:, crop.top : crop.top + crop.side, crop.left : crop.left + crop.side]
    if crop.side != size:
        planes = [Image.fromarray(plane).resize((size, size), Image.Resampling.BICUBIC) for plane in square]
        square = np.stack([np.asarray(plane) for plane in planes])
    return np.clip(square, 0, 1)
