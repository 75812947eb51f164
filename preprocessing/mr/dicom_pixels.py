"""Signal -> 16-bit numbers of a DICOM image with their rescale, in the way of each vendor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.valuerep import format_number_as_ds

from preprocessing.mr.dicom_variant import PhaseScale, Vendor
from taskgan_ext.mr.reader.component import Component

STEPS = 4096


@dataclass(frozen=True)
class StoredPixels:
    """Pixels of one image; a value is ``stored * slope + intercept``.

    Attributes:
        stored: int16.
        slope: as it is written into the header, ``None`` where the header has no rescale.
        intercept: likewise.
    """

    stored: NDArray[np.int16]
    slope: str | None = None
    intercept: str | None = None


def store_component(
    signal: NDArray[np.complex64], component: Component, vendor: Vendor, phase_scale: PhaseScale
) -> StoredPixels:
    """Store one component of a slice.

    Args:
        signal: the slice in counts: its magnitude is within the range of int16.
        component: what to store.
        vendor: Philips gives every magnitude, real and imaginary image a slope of its own.
        phase_scale: unit of phase images; a phase in steps is rescaled to -4096..4094 by Siemens.
    """
    if component == "phase":
        return _store_phase(np.angle(signal), vendor, phase_scale)
    values = {"magnitude": np.abs(signal), "real": signal.real, "imaginary": signal.imag}[component]
    if vendor != "philips":
        return StoredPixels(np.rint(values).astype(np.int16))
    slope = format_number_as_ds(max(float(np.abs(values).max()), 1.0) / 32000)
    return StoredPixels(np.rint(values / float(slope)).astype(np.int16), slope, "0")


def _store_phase(angle: NDArray[np.float32], vendor: Vendor, scale: PhaseScale) -> StoredPixels:
    if scale == "mrad":
        return StoredPixels(np.rint(1000 * angle).astype(np.int16))
    if scale == "rad":
        return StoredPixels(np.rint(10000 * angle).astype(np.int16), "0.0001", "0")
    steps = np.rint((angle + np.pi) * (STEPS / (2 * np.pi))).astype(np.int16) % STEPS
    return StoredPixels(steps, "2", str(-STEPS)) if vendor == "siemens" else StoredPixels(steps)
