"""A de-identified image as a file: a new header, and the stored numbers of the source, uncompressed.

Compressed pixels may carry comments, application segments and bytes behind their end, and plain ones text in
the bits that BitsStored leaves over. What comes through here are numbers of BitsStored bits, and nothing
else.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import DataElement, Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from taskgan_ext.dicom.decode import decode_images
from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.errors import RefusedSeries

PIXEL_DATA = 0x7FE00010
_WORD_BITS = 16


def read_stored(files: Sequence[DicomFile]) -> Iterator[NDArray[np.uint16]]:
    """Read the stored numbers of images.

    Args:
        files: images that passed ``check_image``; compressed ones are decoded in one child process.

    Yields:
        Of each image its words of 16 bits; bits beyond BitsStored are 0 or the sign.

    Raises:
        RefusedSeries: ``pixel_format``, an image has no pixels, they cannot be decoded, or the other bits
            hold something else, such as an overlay or a text.
    """
    decoded = decode_images([file for file in files if file.pixels and file.pixels.fragments])
    for file in files:
        if file.pixels is None:
            raise RefusedSeries("pixel_format", f"{file.path}: expected pixels, found none")
        yield _without_spare_bits(file, next(decoded) if file.pixels.fragments else _plain(file))


def write_image(header: Dataset, source: DicomFile, stored: NDArray[np.uint16], path: Path) -> None:
    """Write an image, uncompressed.

    The preamble is zero and the file meta information is new (PS3.10 section 7.1).

    Args:
        header: de-identified, with the file meta information of its kind of object and instance; the pixels
            and the transfer syntax are put into it.
        source: the image that it was made from.
        stored: its numbers, see ``read_stored``.
        path: file to write.
    """
    compressed = source.pixels is not None and bool(source.pixels.fragments)
    header.add(DataElement(PIXEL_DATA, "OW", stored.astype("<u2", copy=False).tobytes()))
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if compressed else UID(source.syntax)
    header.save_as(path, enforce_file_format=True)


def _plain(file: DicomFile) -> NDArray[np.uint16]:
    assert file.pixels is not None
    with file.path.open("rb") as stream:
        stream.seek(file.pixels.start)
        content = stream.read(file.pixels.length)
    if len(content) < file.pixels.length:
        raise RefusedSeries("truncated", f"{file.path}: expected pixels up to their end, found fewer")
    return np.frombuffer(content, dtype="<u2")


def _without_spare_bits(file: DicomFile, stored: NDArray[np.uint16]) -> NDArray[np.uint16]:
    spare = np.uint16(_WORD_BITS - int(file.numbers("BitsStored", 1)[0]))
    shifted = stored << spare
    unsigned, signed = shifted >> spare, (shifted.view(np.int16) >> spare.astype(np.int16)).view(np.uint16)
    if ((stored != unsigned) & (stored != signed)).any():
        raise RefusedSeries(
            "pixel_format",
            f"{file.path}: expected pixels of as many bits as BitsStored says, found more; "
            "export the series again, without overlays",
        )
    return signed if file.number("PixelRepresentation") == 1 else unsigned
