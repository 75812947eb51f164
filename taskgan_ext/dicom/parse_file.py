"""One DICOM file parsed within limits, its pixels untouched."""

from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.file_structure import (
    LONG_VRS,
    META_CLASS,
    META_SYNTAX,
    SHORT_VRS,
    find_pixels,
    read_meta,
)
from taskgan_ext.dicom.parser_faults import refusing
from taskgan_ext.errors import RefusedSeries

UNCOMPRESSED = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)
LOSSLESS = (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)
"""Compressed transfer syntaxes that keep every value, PS3.5 annex A.4, and that are widely written."""
MAX_FILE_BYTES, MAX_ENHANCED_BYTES = 64 * 2**20, 640 * 2**20
"""Of a file of one image, which has at most 2048 x 2048 pixels of 16 bits, 8 MiB, and a header; and of an
enhanced object, of which so much is read for its header as of a file of one image."""


def parse_file(path: Path) -> DicomFile:
    """Parse the header of a file.

    The structure is walked through before pydicom sees it, and pydicom sees only what lies before the pixels.
    Every element of the standard is converted, so that no fault is left to be met later; private elements
    stay as they are.

    Args:
        path: a file.

    Raises:
        RefusedSeries: it is no regular file, too large, no DICOM file, malformed, or compressed so that it
            cannot be decoded without loss.
    """
    with refusing(path):
        if not path.is_file():
            raise RefusedSeries("no_file", f"{path}: expected a DICOM file, found no regular file")
        size = path.stat().st_size
        try:
            _check_size(size, MAX_ENHANCED_BYTES)
            with path.open("rb") as file:
                content = file.read(min(size, MAX_FILE_BYTES))
            return _parse(path, content, size)
        except RefusedSeries as error:
            raise RefusedSeries(error.code, f"{path}: {error.reason}") from None


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise RefusedSeries(
            "too_large", f"expected a file of at most {most // 2**20} MiB, got {size // 2**20} MiB"
        )


def _parse(path: Path, content: bytes, size: int) -> DicomFile:
    # The syntax comes first: a parser would inflate a deflated file of any size before it could be refused.
    meta, start = read_meta(content)
    syntax = UID(meta.get(META_SYNTAX, b"").decode("ascii", "replace").strip(" \0"))
    _check_transfer_syntax(syntax)
    enhanced = meta.get(META_CLASS, b"").strip(b" \0") == EnhancedMRImageStorage.encode()
    if not enhanced:
        _check_size(size, MAX_FILE_BYTES)
    explicit = syntax != ImplicitVRLittleEndian
    if not explicit and content[start + 4 : start + 6] in SHORT_VRS | LONG_VRS:
        raise RefusedSeries("parse_error", "its data set is not in the transfer syntax that it declares")
    end, pixels = find_pixels(content, start, explicit, size, enhanced)
    if pixels is not None and bool(pixels.fragments) == (syntax in UNCOMPRESSED):
        raise RefusedSeries(
            "pixel_format", "the pixels are compressed and the transfer syntax is not, or the reverse"
        )
    header = dcmread(BytesIO(content[:end]))
    for part in (header.file_meta, header):
        _convert(part)
    return DicomFile(path, header, str(syntax), pixels)


def _convert(dataset: Dataset) -> None:
    """Convert all elements of the standard from bytes; their nesting has been checked."""
    for tag in list(dataset.keys()):
        if tag.is_private:
            continue
        element = dataset[tag]
        if element.VR == "SQ":
            for item in element.value:
                _convert(item)


def _check_transfer_syntax(syntax: UID) -> None:
    if not syntax:
        raise RefusedSeries(
            "parse_error", "expected a transfer syntax in the header, got none; the file seems damaged"
        )
    if syntax in UNCOMPRESSED or (syntax in LOSSLESS and get_decoder(syntax).is_available):
        return
    reason = (
        "no decoder for it is installed"
        if syntax in LOSSLESS
        else "only Little Endian, RLE, and JPEG, JPEG-LS and JPEG 2000 lossless are read"
    )
    # An unknown UID is text of the file, and is not quoted.
    name = syntax.name if syntax.name != str(syntax) else "of an unknown UID"
    raise RefusedSeries(
        "transfer_syntax",
        f"cannot read transfer syntax {name}: {reason}; convert the series to Explicit VR Little Endian "
        "without loss, or export it again uncompressed",
    )
