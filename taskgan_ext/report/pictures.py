"""Slices as PNG pictures, ready for a page."""

import io
import math
from base64 import b64encode
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.io.evaluation_files import REFERENCE
from taskgan_ext.io.presentation import Presentation
from taskgan_ext.report.matplotlib_agg import load_matplotlib
from taskgan_ext.report.results import Preview

ERROR_COLORMAP = "RdBu_r"


@dataclass(frozen=True)
class Picture:
    """A picture with its caption.

    Attributes:
        caption: what it shows.
        uri: PNG as data URI.
        aspect: width divided by height, in mm.
    """

    caption: str
    uri: str
    aspect: float


@dataclass(frozen=True)
class ColourBar:
    """A colour bar.

    Attributes:
        caption: what the colours mean.
        uri: PNG as data URI, low values on the left.
        low: value at the left end.
        high: value at the right end.
    """

    caption: str
    uri: str
    low: float
    high: float


@dataclass(frozen=True)
class CasePictures:
    """The pictures of one case: images on one scale, errors on another.

    Attributes:
        images: every arm, in the order of the evaluation.
        errors: every other arm minus the reference.
        image_bar: colour bar of the images.
        error_bar: colour bar of the errors.
    """

    images: list[Picture]
    errors: list[Picture]
    image_bar: ColourBar
    error_bar: ColourBar


def draw_case(preview: Preview, presentation: Presentation) -> CasePictures:
    """Draw the slices of a case and their errors.

    Images run from 0 (or the lowest value, where there are negative ones) to the 99.5th percentile of the
    object in the reference; the errors of all arms share the 99th percentile of all absolute errors.

    Args:
        preview: the slices; reference and restored at least.
        presentation: colour map.

    Returns:
        The pictures.
    """
    shown = {arm: display(image) for arm, image in preview.arms.items()}
    box = object_box(shown[REFERENCE])
    shown = {arm: image[box] for arm, image in shown.items()}
    reference = shown[REFERENCE]
    errors = {arm: image - reference for arm, image in shown.items() if arm != REFERENCE}

    high = float(np.percentile(reference[reference > 0], 99.5)) if (reference > 0).any() else 1.0
    low = min(0.0, float(reference.min()))
    high, widest = (
        _round_up(high),
        _round_up(float(np.percentile(np.abs(np.stack(list(errors.values()))), 99))),
    )
    width_mm, height_mm = preview.pixel_mm
    aspect = reference.shape[1] * width_mm / (reference.shape[0] * height_mm)
    colormap = presentation.colormap
    return CasePictures(
        images=[Picture(arm, draw_png(image, colormap, low, high), aspect) for arm, image in shown.items()],
        errors=[
            Picture(f"{arm} \u2212 reference", draw_png(error, ERROR_COLORMAP, -widest, widest), aspect)
            for arm, error in errors.items()
        ],
        image_bar=_bar("image", colormap, low, high),
        error_bar=_bar("error", ERROR_COLORMAP, -widest, widest),
    )


def display(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn a slice into rows and columns of a screen, in the radiological manner.

    Args:
        image: shape ``(X, Y)``, X towards the patient's right, Y towards anterior.

    Returns:
        Shape ``(rows, columns)``: anterior up, the patient's right on the left.
    """
    return image[::-1, ::-1].T


def object_box(image: NDArray[np.float32], fraction: float = 0.05, margin: int = 4) -> tuple[slice, slice]:
    """Bounding box of the object, so that a page does not show empty background.

    Args:
        image: shape ``(rows, columns)``.
        fraction: the object is above this share of the 99.5th percentile.
        margin: pixels kept around it.

    Returns:
        Slices of rows and columns; the whole image where there is no object.
    """
    mask = image > fraction * np.percentile(image, 99.5)
    if not mask.any():
        return slice(None), slice(None)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + margin + 1),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + margin + 1),
    )


def _round_up(value: float) -> float:
    """Two significant digits, upwards, so that a colour bar ends at a number that can be read."""
    if value <= 0:
        return 1.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / step - 1e-9) * step


def _bar(caption: str, colormap: str, low: float, high: float) -> ColourBar:
    ramp = np.linspace(low, high, 256, dtype=np.float32)[None].repeat(8, axis=0)
    return ColourBar(caption, draw_png(ramp, colormap, low, high), low, high)


def draw_png(image: NDArray[np.float32], colormap: str, low: float, high: float) -> str:
    """Draw an image as it is, first axis downwards.

    Args:
        image: shape ``(rows, columns)``, or ``(rows, columns, 3)`` for red, green and blue.
        colormap: matplotlib colour map; colours do without.
        low: value of its lower end, or of black.
        high: value of its upper end, or of full brightness.

    Returns:
        PNG as data URI.
    """
    if image.ndim == 3:
        image = np.clip((image - low) / (high - low), 0.0, 1.0)
    plt = load_matplotlib()
    buffer = io.BytesIO()
    plt.imsave(buffer, image, cmap=colormap, vmin=low, vmax=high, format="png", metadata={"Software": None})
    return png_uri(buffer.getvalue())


def png_uri(content: bytes) -> str:
    """Make a data URI of a PNG file.

    Args:
        content: the file.

    Returns:
        ``data:image/png;base64,...``
    """
    return "data:image/png;base64," + b64encode(content).decode("ascii")
