"""Which images are let in, decided by their headers before any pixel is touched."""

import math
import re

from pydicom.uid import (
    UID,
    EnhancedMRImageStorage,
    EnhancedPETImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
    LegacyConvertedEnhancedPETImageStorage,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
)

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.errors import RefusedSeries

MODALITIES = {
    PositronEmissionTomographyImageStorage: "PT",
    MRImageStorage: "MR",
    EnhancedMRImageStorage: "MR",  # its frames
}
"""Modality of each kind of object that is read."""
MULTIFRAME = (
    EnhancedMRImageStorage,
    EnhancedPETImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
    LegacyConvertedEnhancedPETImageStorage,
)
MIN_SIZE, MAX_SIZE = 8, 2048
"""Rows and columns."""
BYTES_PER_PIXEL = 2
MAX_EXPANSION, EXPANSION_SLACK = 2, 2**16
"""Compressed pixels longer than so many times the plain ones and so many bytes are no honest compression."""

_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
"""PS3.5 section 9.1."""


def is_image(file: DicomFile) -> bool:
    """Whether an object is an image; one that does not say so is taken for one, and refused later."""
    return UID(file.text("SOPClassUID")).name.endswith("Image Storage") or not file.text("SOPClassUID")


def check_image(file: DicomFile) -> None:
    """Check the header of one image.

    Args:
        file: an image.

    Raises:
        RefusedSeries: it is of a kind that is not read, a UID is invalid, its pixels are of another type than
            one grey value of 8 to 16 bits in 16, or its rescale is impossible.
    """
    _check_kind(file)
    _check_uids(file)
    _check_content(file)
    _check_pixels(file)
    rescale_of(file)


def rescale_of(file: DicomFile) -> tuple[float, float]:
    """Read the slope and the intercept that turn stored numbers into values.

    Args:
        file: an image; one that is no PET image may do without them.

    Raises:
        RefusedSeries: one is no finite number; the slope is 0, or negative in a PET image, where it is also
            mandatory (PS3.3 C.8.9.4).
    """
    is_pet = file.text("SOPClassUID") == PositronEmissionTomographyImageStorage
    slope = 1.0
    if is_pet or "RescaleSlope" in file.header:
        slope = float(file.numbers("RescaleSlope", 1, "slope_invalid")[0])
    if slope == 0 or (is_pet and slope < 0):
        raise RefusedSeries(
            "slope_invalid",
            f"{file.path}: expected a RescaleSlope {'above' if is_pet else 'other than'} 0, got {slope:g}",
        )
    return slope, file.number("RescaleIntercept") or 0.0


def size_of(file: DicomFile) -> tuple[int, int]:
    """Read the rows and columns of an image.

    Args:
        file: an image.

    Raises:
        RefusedSeries: they are missing or outside 8 to 2048.
    """
    rows, columns = (_integer(file, keyword) for keyword in ("Rows", "Columns"))
    if not (MIN_SIZE <= rows <= MAX_SIZE and MIN_SIZE <= columns <= MAX_SIZE):
        raise RefusedSeries(
            "too_large" if max(rows, columns) > MAX_SIZE else "pixel_format",
            f"{file.path}: expected {MIN_SIZE} to {MAX_SIZE} Rows and Columns, got {rows} and {columns}",
        )
    return rows, columns


def _check_kind(file: DicomFile) -> None:
    kind = UID(file.text("SOPClassUID"))
    whole_object = kind in MULTIFRAME and file.frame is None
    if not whole_object and kind not in MODALITIES:
        raise RefusedSeries(
            "sop_class", f"expected PET or MR images, but {file} is {_name(kind)}; take it out of the folder"
        )
    if whole_object or file.texts("NumberOfFrames") not in ((), ("1",)):
        raise RefusedSeries(
            "sop_class" if whole_object else "multiframe",
            f"{file} holds several frames in one file ({_name(kind)}), which cannot be read; export the "
            "series as classic images, one slice to a file",
        )
    if file.text("Modality") != MODALITIES[kind]:
        raise RefusedSeries(
            "modality_mismatch", f"{file.path}: expected Modality {MODALITIES[kind]} of {_name(kind)}"
        )


def _check_uids(file: DicomFile) -> None:
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"):
        uid = file.text(keyword)
        if not uid and keyword == "FrameOfReferenceUID":
            raise RefusedSeries(
                "geometry_missing",
                f"{file.path}: expected a FrameOfReferenceUID, got none; without it nobody knows whether "
                "images lie in one space; export the series again",
            )
        if len(uid) > 64 or not _UID.fullmatch(uid):
            raise RefusedSeries(
                "uid_invalid", f"{file.path}: expected a UID in {keyword}, got none or no UID"
            )
    meta = file.header.file_meta
    for ours, theirs in (("SOPClassUID", "ClassUID"), ("SOPInstanceUID", "InstanceUID")):
        if str(meta.get(f"MediaStorageSOP{theirs}", "")).strip(" \0") != file.text(ours):
            raise RefusedSeries(
                "meta_mismatch",
                f"{file.path}: {ours} differs between the file meta information and the image",
            )


def _check_content(file: DicomFile) -> None:
    if "MOSAIC" in map(str.upper, file.texts("ImageType")):
        raise RefusedSeries(
            "mosaic",
            f"{file.path}: ImageType has MOSAIC: slices lie side by side in one image; export the series "
            "as one slice to a file",
        )
    if file.text("BurnedInAnnotation").upper() == "YES":
        raise RefusedSeries(
            "burned_in", f"{file.path}: BurnedInAnnotation is YES: text may be burnt into the pixels"
        )


def _check_pixels(file: DicomFile) -> None:
    rows, columns = size_of(file)
    samples, allocated, stored, high, sign = (
        _integer(file, keyword)
        for keyword in ("SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")
    )
    if file.text("PhotometricInterpretation") != "MONOCHROME2" or samples != 1:
        raise _format(file, "one grey value a pixel: SamplesPerPixel 1 and MONOCHROME2")
    if allocated != 8 * BYTES_PER_PIXEL or not 8 <= stored <= 16 or high != stored - 1 or sign not in (0, 1):
        raise _format(
            file, "BitsAllocated 16, BitsStored 8 to 16, HighBit one less, PixelRepresentation 0 or 1"
        )
    if "ModalityLUTSequence" in file.header:
        raise _format(file, "RescaleSlope and no ModalityLUTSequence")
    plain = rows * columns * BYTES_PER_PIXEL
    if file.pixels is None:
        raise _format(file, f"{plain} bytes of PixelData, found none")
    if not file.pixels.fragments and file.pixels.length != plain:
        raise _format(file, f"{plain} bytes of PixelData, found {file.pixels.length}")
    if file.pixels.fragments and file.pixels.length > MAX_EXPANSION * plain + EXPANSION_SLACK:
        raise _format(file, f"compressed pixels shorter than plain ones, found {file.pixels.length} bytes")


def _integer(file: DicomFile, keyword: str) -> int:
    value = float(file.numbers(keyword, 1, "pixel_format")[0])
    if not math.isclose(value, round(value)):
        raise _format(file, f"a whole number in {keyword}")
    return round(value)


def _name(kind: UID) -> str:
    """Of a kind of object; an unknown UID is text of the file, and is not quoted."""
    return kind.name if kind and kind.name != str(kind) else "of no known kind"


def _format(file: DicomFile, expected: str) -> RefusedSeries:
    return RefusedSeries("pixel_format", f"{file.path}: expected {expected}; export the series again")
