"""A de-identified image as a file: a new header, and the pixels of the source bit by bit."""

import struct
from collections.abc import Sequence
from pathlib import Path

from pydicom import DataElement, Dataset
from pydicom.uid import UID

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.file_structure import PixelElement
from taskgan_ext.errors import RefusedSeries

PIXEL_DATA = 0x7FE00010
_ITEM = struct.Struct("<HHI")


def write_image(header: Dataset, source: DicomFile, path: Path) -> None:
    """Write an image in the transfer syntax of its source.

    The preamble is zero and the file meta information is new (PS3.10 section 7.1).

    Args:
        header: de-identified, with the file meta information of its kind of object and instance; the pixels
            and the transfer syntax are put into it.
        source: the image that it was made from.
        path: file to write.

    Raises:
        RefusedSeries: ``pixel_format``, the source has no pixels.
    """
    if source.pixels is None:
        raise RefusedSeries("pixel_format", f"{source.path}: expected pixels, found none")
    content, pixels = source.path.read_bytes(), source.pixels
    if pixels.fragments:
        pieces = [content[start : start + length] for start, length in pixels.fragments]
        element = DataElement(PIXEL_DATA, "OB", _encapsulated(_offset_table(content, pixels), pieces))
        element.is_undefined_length = True
    else:
        element = DataElement(PIXEL_DATA, "OW", content[pixels.start : pixels.start + pixels.length])
    header.add(element)
    header.file_meta.TransferSyntaxUID = UID(source.syntax)
    header.save_as(path, enforce_file_format=True)


def _offset_table(content: bytes, pixels: PixelElement) -> bytes:
    """The table of one frame, PS3.5 section A.4: empty, or an offset of 0; anything else is left out."""
    first, _ = pixels.fragments[0]
    table = content[pixels.start + _ITEM.size : first - _ITEM.size]
    return table if table == bytes(4) else b""


def _encapsulated(table: bytes, pieces: Sequence[bytes]) -> bytes:
    return b"".join(_ITEM.pack(0xFFFE, 0xE000, len(piece)) + piece for piece in (table, *pieces))
