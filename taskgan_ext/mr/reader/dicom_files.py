"""The DICOM images of a folder: their headers and their values, read strictly, whatever they show."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from taskgan_ext.errors import DataError

UNCOMPRESSED = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
LOSSLESS = (RLELossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)
"""Compressed transfer syntaxes that keep every value, PS3.5 annex A.4."""

_FAULTS = (
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What the parser raises on malformed files."""


@dataclass(frozen=True)
class DicomFile:
    """One DICOM image.

    Attributes:
        path: its file.
        header: all of its elements but the pixels.
    """

    path: Path
    header: Dataset

    def __str__(self) -> str:
        number, description = self.text("SeriesNumber"), self.text("SeriesDescription")
        return f"{self.path.name} (series {number or 'without number'}, '{description}')"

    def text(self, keyword: str) -> str:
        """An element as text, several values joined by a backslash; empty where it is missing."""
        return "\\".join(self.texts(keyword))

    def texts(self, keyword: str) -> tuple[str, ...]:
        """The values of an element as text; none where it is missing."""
        value = self._value(keyword)
        if value is None or value == "":
            return ()
        values = [value] if isinstance(value, (str, int, float)) or not hasattr(value, "__iter__") else value
        return tuple(str(item).strip() for item in values)

    def number(self, keyword: str) -> float | None:
        """An element as one number; ``None`` where it is missing or empty.

        Raises:
            DataError: it is no single finite number.
        """
        if not self.texts(keyword):
            return None
        return float(self.numbers(keyword, 1)[0])

    def numbers(self, keyword: str, count: int) -> NDArray[np.float64]:
        """An element as ``count`` numbers.

        Raises:
            DataError: it is missing, or is anything else than ``count`` finite numbers.
        """
        texts = self.texts(keyword)
        try:
            values = np.array(texts, dtype=np.float64)
        except ValueError:
            values = np.array([np.nan])
        if values.shape != (count,) or not np.isfinite(values).all():
            raise DataError(
                f"{self.path}: expected {count} finite number{'s' * (count > 1)} in {keyword}, "
                f"got {'nothing' if not texts else ', '.join(texts)}"
            )
        return values

    def _value(self, keyword: str) -> object:
        try:
            return self.header.get(keyword)
        except _FAULTS as error:
            raise DataError(f"{self.path}: the value of {keyword} cannot be read ({error})") from None


def list_dicom_files(folder: Path) -> list[Path]:
    """List the DICOM files below a folder, by their content and not by their name.

    Args:
        folder: searched with its subfolders. Files without the marker of PS3.10 section 7.1, the directory
            file DICOMDIR, and all whose name or folder starts with a dot are left out.

    Returns:
        Paths, sorted.
    """
    return [
        path
        for path in sorted(folder.rglob("*"))
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.name.upper() != "DICOMDIR"
        and path.is_file()
        and _has_marker(path)
    ]


def read_headers(folder: Path) -> list[DicomFile]:
    """Read the headers of all DICOM images below a folder.

    Args:
        folder: searched with its subfolders. Objects without an image (reports, presentation states) are
            left out.

    Returns:
        One entry per image, in the order of the paths.

    Raises:
        DataError: there is no image, a file is malformed or compressed so that it cannot be decoded without
            loss, or an image is there twice.
    """
    paths = list_dicom_files(folder)
    files = [file for file in map(_read_header, paths) if _is_image(file)]
    if not files:
        raise DataError(
            f"{folder}: expected DICOM images, found {len(paths)} DICOM files and no image among them"
        )
    seen: dict[str, DicomFile] = {}
    for file in files:
        uid = file.text("SOPInstanceUID")
        first = seen.setdefault(uid, file)
        if first is not file:
            raise DataError(
                f"{folder}: {first.path.name} and {file.path.name} are the same image, "
                f"SOPInstanceUID {uid or '(none)'}; keep one of them"
            )
    return files


def read_values(file: DicomFile) -> NDArray[np.float32]:
    """Read the pixels of an image and apply its own rescale slope and intercept.

    Args:
        file: an image with one frame and one sample per pixel.

    Returns:
        Shape ``(columns, rows)``: the first axis runs along a row of the image (PS3.3 C.7.6.2.1.1).

    Raises:
        DataError: the pixels are missing, truncated or of another kind, or the rescale is impossible.
    """
    if file.text("PhotometricInterpretation") != "MONOCHROME2" or file.number("SamplesPerPixel") != 1:
        raise DataError(
            f"{file.path}: expected one grey value a pixel (MONOCHROME2), got "
            f"{file.text('PhotometricInterpretation') or 'nothing'}"
        )
    slope, intercept = file.number("RescaleSlope"), file.number("RescaleIntercept")
    if slope == 0:
        raise DataError(f"{file.path}: expected a RescaleSlope other than 0")
    try:
        stored = pixel_array(file.path)
    except _FAULTS as error:
        raise DataError(
            f"{file.path}: the pixels cannot be decoded ({error}); export this image again"
        ) from None
    values = stored.astype(np.float64) * (1.0 if slope is None else slope) + (intercept or 0.0)
    return values.T.astype(np.float32)


def _has_marker(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def _read_header(path: Path) -> DicomFile:
    # The syntax comes first: the parser would inflate a deflated file of any size before it could be refused.
    try:
        syntax = UID(str(read_file_meta_info(path).get("TransferSyntaxUID", "")))
    except _FAULTS as error:
        raise DataError(f"{path}: expected a DICOM file, but it cannot be parsed ({error})") from None
    _check_transfer_syntax(path, syntax)
    try:
        return DicomFile(path, dcmread(path, stop_before_pixels=True))
    except _FAULTS as error:
        raise DataError(f"{path}: expected a DICOM file, but it cannot be parsed ({error})") from None


def _check_transfer_syntax(path: Path, syntax: UID) -> None:
    if not syntax:
        raise DataError(f"{path}: expected a transfer syntax in the header, got none; the file seems damaged")
    if syntax in UNCOMPRESSED or (syntax in LOSSLESS and get_decoder(syntax).is_available):
        return
    reason = (
        "no decoder for it is installed" if syntax in LOSSLESS else "it is not one that keeps every value"
    )
    raise DataError(
        f"{path}: cannot read transfer syntax {syntax.name}: {reason}; convert the series to "
        "Explicit VR Little Endian, or export it again uncompressed"
    )


def _is_image(file: DicomFile) -> bool:
    """Whether an object is an image; one that does not say so is taken for one, and refused later."""
    return UID(file.text("SOPClassUID")).name.endswith("Image Storage") or not file.text("SOPClassUID")
