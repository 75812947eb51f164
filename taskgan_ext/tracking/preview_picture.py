"""Input, restored and reference image of a case side by side."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.handlers.case_of_batch import item_affine
from taskgan_ext.handlers.case_preview import middle_slice
from taskgan_ext.keys import IMAGE, LABEL, PRED
from taskgan_ext.report.pictures import display

_GAP = 2
_SMALLEST = 160
"""Rows of a picture below which its pixels are shown larger."""


def draw_preview(result: Mapping[str, Any], *, is_picture: bool = False) -> NDArray[np.uint8]:
    """Draw the middle slices of a case, from left to right: input, restored, reference.

    Restored and reference share one window, from 0 to the 99.5th percentile of the reference; so does the
    input if it has as many channels, else it has a window of its own. Nothing is written into the picture.

    Args:
        result: ``image``, ``pred`` and ``label`` of the case in data units, ``(C, X, Y, Z)`` or
            ``(C, X, Y)``.
        is_picture: the case is a photograph; one of three channels is shown in colour.

    Returns:
        Shape ``(rows, columns)``, or ``(rows, columns, 3)`` for colours.
    """
    affine = None if is_picture else item_affine(result[LABEL])
    tiles = []
    for key in (IMAGE, PRED, LABEL):
        tensor = plain_tensor(result[key]).cpu()
        image = middle_slice(tensor, affine, colour=is_picture)
        own = len(tensor) != len(result[LABEL])
        window = image if own else middle_slice(plain_tensor(result[LABEL]).cpu(), affine, colour=is_picture)
        high = 1.0 if is_picture else float(np.percentile(window, 99.5)) or 1.0
        shown = image if is_picture else display(image)
        tiles.append((np.clip(shown / high, 0, 1) * 255).round().astype(np.uint8))
    joined = _side_by_side(tiles)
    factor = max(1, -(-_SMALLEST // joined.shape[0]))
    return joined.repeat(factor, axis=0).repeat(factor, axis=1)


def _side_by_side(tiles: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    rows = max(tile.shape[0] for tile in tiles)
    parts: list[NDArray[np.uint8]] = []
    for tile in tiles:
        bottom = np.zeros((rows - tile.shape[0], *tile.shape[1:]), np.uint8)
        parts += [np.concatenate([tile, bottom]), np.full((rows, _GAP, *tile.shape[2:]), 255, np.uint8)]
    return np.concatenate(parts[:-1], axis=1)
