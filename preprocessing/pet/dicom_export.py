"""Write a PET volume as a DICOM series, in the ways in which scanners export them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.valuerep import DSfloat

from preprocessing.pet.dicom_header import PHILIPS_BQML_PER_COUNT, PetSeries, new_image
from preprocessing.pet.dicom_variant import PetProtocol, PetVariant
from preprocessing.simulated_dicom.image_plane import add_plane, decimal
from preprocessing.simulated_dicom.series_folder import write_folder
from taskgan_ext.errors import DataError

DEFAULT_VARIANT, DEFAULT_PROTOCOL = PetVariant(), PetProtocol()
FULL_DOSE_SERIES, LOW_DOSE_SERIES = 10, 11


def write_pet_dicom(
    volume: NDArray[np.float32],
    affine: NDArray[np.float64],
    folder: Path,
    *,
    description: str = "PET",
    number: int = FULL_DOSE_SERIES,
    seed: int = 0,
    protocol: PetProtocol = DEFAULT_PROTOCOL,
    variant: PetVariant = DEFAULT_VARIANT,
) -> None:
    """Write a PET series; the folder is there when it is whole.

    Every slice has its own slope, as scanners write it. The same arguments give the same bytes. What a file
    holds is the nearest multiple of the slope.

    Args:
        volume: ``(X, Y, Z)`` or ``(X, Y, Z, frames)``, Bq/ml, not negative.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        folder: new, or empty.
        description: of the series.
        number: of the series.
        seed: of the subject, for UIDs and file names.
        protocol: tracer, dose, weight and times.
        variant: what an export may do differently.

    Raises:
        DataError: the volume has another number of frames than the variant, the affine is sheared, or the
            folder is not empty.
    """
    frames = volume.reshape(*volume.shape[:3], -1)
    if frames.shape[3] != variant.frames:
        raise DataError(f"PET export: expected {variant.frames} frames, got a volume of shape {volume.shape}")
    series = PetSeries(seed, description, number, volume.shape[2], protocol, variant)
    write_folder(_images(frames, affine, series), folder, seed, variant.shuffled)


def _images(frames: NDArray[np.float32], affine: NDArray[np.float64], series: PetSeries) -> Iterator[Dataset]:
    variant = series.variant
    units = {
        "BQML": 1.0,
        "GML": series.protocol.suv_factor,
        "CNTS": 1 / PHILIPS_BQML_PER_COUNT,
        "PROPCPS": 1.0,
    }
    values = frames.astype(np.float64) * units[variant.units]
    for frame in range(variant.frames):
        for index in range(series.num_slices):
            image = new_image(series, index, frame)
            add_plane(image, affine, index)
            pixels = values[:, :, index, frame]
            empty = variant.empty_first_slice and index == 0
            _add_pixels(image, np.zeros_like(pixels) if empty else pixels, variant)
            for keyword in variant.omit:
                _remove(image, keyword)
            yield image


def _add_pixels(image: Dataset, values: NDArray[np.float64], variant: PetVariant) -> None:
    """Store a slice ``(X, Y)``: a row of the image runs along the first axis (PS3.3 C.8.9.4)."""
    largest = 2 ** (variant.bits_stored - variant.signed) - 1
    peak = float(values.max())
    slope = DSfloat(peak / largest if peak > 0 else 1.0, auto_format=True)
    while peak / float(slope) > largest:  # the decimal string may have been rounded down
        slope = DSfloat(float(slope) * (1 + 1e-9), auto_format=True)
    stored = np.rint(values / float(slope)).astype("<i2" if variant.signed else "<u2")
    image.Columns, image.Rows = values.shape
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored = 16, variant.bits_stored
    image.HighBit, image.PixelRepresentation = variant.bits_stored - 1, int(variant.signed)
    image.RescaleSlope, image.RescaleIntercept = slope, "0"
    image.WindowCenter, image.WindowWidth = decimal(peak / 2), decimal(max(peak, 1.0))
    image.PixelData = np.ascontiguousarray(stored.T).tobytes()


def _remove(image: Dataset, keyword: str) -> None:
    """Leave out an element of the image or of its tracer."""
    for dataset in (image, *image.get("RadiopharmaceuticalInformationSequence", [])):
        if keyword in dataset:
            delattr(dataset, keyword)
