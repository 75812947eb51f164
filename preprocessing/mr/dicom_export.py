"""Write simulated MR images as DICOM files, in the ways in which scanners export them."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from preprocessing.mr.dicom_header import (
    SeriesHeader,
    add_component,
    add_pixels,
    new_image,
)
from preprocessing.mr.dicom_pixels import StoredPixels, store_component
from preprocessing.mr.dicom_variant import (
    COMPONENT_SETS,
    PHASE_SCALES,
    VENDOR_COMPONENTS,
    VENDOR_DELAY_TAGS,
    DicomVariant,
    Vendor,
)
from preprocessing.simulated_dicom.image_plane import add_plane, decimal
from preprocessing.simulated_dicom.series_folder import write_folder
from taskgan_ext.errors import DataError
from taskgan_ext.mr.protocol import CONTRASTS, Protocol
from taskgan_ext.mr.sequence import MDMESequence

MAX_COUNTS = 2000.0
"""Largest magnitude of an export in stored numbers, as scanners scale them."""
MDME_SERIES, CONTRAST_SERIES = 100, 10
DEFAULT_VARIANT = DicomVariant()


def write_mdme_dicom(
    signal: NDArray[np.complex64],
    affine: NDArray[np.float64],
    sequence: MDMESequence,
    folder: Path,
    *,
    vendor: Vendor = "ge",
    seed: int = 0,
    variant: DicomVariant = DEFAULT_VARIANT,
) -> None:
    """Write an MDME acquisition; the folder is there when it is whole.

    Dynamics are acquired longest delay first, and in each of them slice after slice. The same arguments give
    the same bytes.

    Args:
        signal: shape ``(X, Y, Z, delays, echoes)``, both ascending; scaled so that its largest magnitude is
            2000.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        sequence: times of the images.
        folder: new, or empty.
        vendor: whose way of exporting is followed.
        seed: of the subject, for UIDs and file names.
        variant: what an export may do differently.

    Raises:
        DataError: the signal does not fit the sequence, the affine is sheared, or the folder is not empty.
    """
    expected = (len(sequence.delays), len(sequence.echo_times))
    if signal.ndim != 5 or signal.shape[3:] != expected:
        raise DataError(
            f"DICOM export: expected a signal (X, Y, Z, {expected[0]}, {expected[1]}), got {signal.shape}"
        )
    counts = signal * np.float32(_scale(signal))
    images = _mdme_images(counts, affine, sequence, (vendor, seed), variant)
    write_folder(images, folder, seed, variant.shuffled)


def write_contrast_dicom(
    volume: NDArray[np.float32],
    affine: NDArray[np.float64],
    name: str,
    protocol: Protocol,
    folder: Path,
    *,
    vendor: Vendor = "ge",
    seed: int = 0,
) -> None:
    """Write a conventional series; it shares patient, study and frame with the MDME series of its seed.

    Args:
        volume: ``(X, Y, Z)``, scaled so that its largest value is 2000.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        name: of the contrast, for the description of the series.
        protocol: its times.
        folder: new, or empty.
        vendor: whose way of exporting is followed.
        seed: of the subject, for UIDs and file names.

    Raises:
        DataError: the affine is sheared, or the folder is not empty.
    """
    number = CONTRAST_SERIES + (CONTRASTS.index(name) if name in CONTRASTS else len(CONTRASTS))
    series = SeriesHeader(seed, vendor, number, f"Ax {name}")
    counts = volume * np.float32(_scale(volume))

    def images() -> Iterator[Dataset]:
        for index in range(volume.shape[2]):
            image = new_image(series, index + 1)
            add_component(image, "magnitude", vendor, DEFAULT_VARIANT)
            inversion = protocol.inversion_time
            image.ScanningSequence = "SE" if inversion is None else ["SE", "IR"]
            _add_times(image, protocol.repetition_time, protocol.echo_time)
            if inversion is not None:
                image.InversionTime = decimal(1000 * inversion)
            add_plane(image, affine, index)
            add_pixels(image, StoredPixels(np.rint(counts[:, :, index]).astype(np.int16)))
            yield image

    write_folder(images(), folder, seed, shuffled=True)


def _mdme_images(
    counts: NDArray[np.complex64],
    affine: NDArray[np.float64],
    sequence: MDMESequence,
    exporter: tuple[Vendor, int],
    variant: DicomVariant,
) -> Iterator[Dataset]:
    vendor, seed = exporter
    components = COMPONENT_SETS[variant.components or VENDOR_COMPONENTS[vendor]]
    delay_tag = variant.delay_tag or VENDOR_DELAY_TAGS[vendor]
    scale = variant.phase_scale or PHASE_SCALES[vendor]
    order = itertools.product(
        reversed(range(counts.shape[3])), range(counts.shape[2]), range(counts.shape[4]), components
    )
    series_of: dict[tuple[object, ...], list[int]] = {}
    for delay, slice_, echo, component in order:
        members = series_of.setdefault((delay, component) if variant.series == "many" else (), [])
        number = (
            MDME_SERIES + list(series_of.values()).index(members) if variant.series == "many" else MDME_SERIES
        )
        members.append(len(members) + 1)
        image = new_image(SeriesHeader(seed, vendor, number, "Ax MAGiC"), members[-1], variant.implicit_vr)
        add_component(image, component, vendor, variant)
        image.ScanningSequence, image.EchoTrainLength = "SE", 10
        image.EchoNumbers = echo + 1
        if vendor == "siemens":
            image.SequenceName = "*mdme2d1"
        _add_times(image, sequence.repetition_time, sequence.echo_times[echo])
        if delay_tag != "none":
            setattr(image, delay_tag, decimal(1000 * sequence.delays[delay]))
        elif vendor == "philips":
            image.NumberOfTemporalPositions = counts.shape[3]
            image.TemporalPositionIdentifier = counts.shape[3] - delay
        add_plane(image, affine, slice_)
        add_pixels(image, store_component(counts[:, :, slice_, delay, echo], component, vendor, scale))
        yield image


def _add_times(image: Dataset, repetition_time: float, echo_time: float) -> None:
    # PS3.3 C.8.3.1: in milliseconds.
    image.RepetitionTime, image.EchoTime = decimal(1000 * repetition_time), decimal(1000 * echo_time)
    image.FlipAngle = "90"


def _scale(values: NDArray[np.complex64] | NDArray[np.float32]) -> float:
    largest = float(np.abs(values).max())
    return MAX_COUNTS / largest if largest > 0 else 1.0
