"""Magnitude, phase, real and imaginary images -> one signal that loses none of its parts."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.mr.mdme_image import SignalKind
from taskgan_ext.mr.reader.component import Component

PHASE_SCALES = (
    # Lowest and highest value, what stands for a full turn, and for no phase.
    (-math.pi, math.pi, 2 * math.pi, 0.0),
    (0.0, 2 * math.pi, 2 * math.pi, 0.0),
    (-1000 * math.pi, 1000 * math.pi, 2000 * math.pi, 0.0),
    (0.0, 4095.0, 4096.0, 2048.0),
    (-4096.0, 4095.0, 8192.0, 0.0),
)
"""Radians, milliradians, and 12-bit numbers over a full turn, from 0 or (rescaled by 2) around 0."""
MIN_COVERAGE = 0.8
"""Noise has every phase, so an image uses nearly all of its scale; one that does not could be of several."""


def join_parts(
    parts: Mapping[Component, NDArray[np.float32]], source: str
) -> tuple[NDArray[np.complex64] | NDArray[np.float32], SignalKind]:
    """Join the components of an acquisition.

    Args:
        parts: component to images, all of one shape. Real and imaginary are taken before magnitude and phase.
        source: where they come from, for messages.

    Returns:
        The signal, complex64, and ``complex``; or, of magnitude images only, float32 and ``magnitude``.

    Raises:
        DataError: a part is missing, a magnitude is negative, or the phase is on no known scale.
    """
    if "real" in parts and "imaginary" in parts:
        return (parts["real"] + np.complex64(1j) * parts["imaginary"]).astype(np.complex64), "complex"
    if "magnitude" not in parts or "real" in parts or "imaginary" in parts:
        raise DataError(
            f"{source}: expected real and imaginary, magnitude and phase, or magnitude images, got only "
            f"{' and '.join(parts)}; export the other part as well"
        )
    magnitude = parts["magnitude"]
    if magnitude.min() < 0:
        raise DataError(
            f"{source}: expected magnitude images without negative values, got one of {magnitude.min():g}; "
            "the images seem to show another component"
        )
    if "phase" not in parts:
        return magnitude.astype(np.float32), "magnitude"
    angle = to_radians(parts["phase"], source)
    return (magnitude * np.exp(1j * angle)).astype(np.complex64), "complex"


def to_radians(phase: NDArray[np.float32], source: str) -> NDArray[np.float32]:
    """Bring a phase to radians; its scale, which headers do not tell, follows from the range of its values.

    Args:
        phase: all phase images of an acquisition, after the rescale of their headers.
        source: where they come from, for the message.

    Returns:
        Phase in rad.

    Raises:
        DataError: the range fits no known scale.
    """
    low, high = float(phase.min()), float(phase.max())
    for lowest, highest, turn, zero in PHASE_SCALES:
        margin = 0.002 * turn
        inside = lowest - margin <= low and high <= highest + margin
        if inside and high - low >= MIN_COVERAGE * turn:
            return ((phase - np.float32(zero)) * np.float32(2 * math.pi / turn)).astype(np.float32)
    raise DataError(
        f"{source}: the phase runs from {low:g} to {high:g}, which is not clearly one of the known scales: "
        "radians, milliradians, or 4096 or 8192 steps a turn; export real and imaginary images, or the phase "
        "without a mask"
    )
