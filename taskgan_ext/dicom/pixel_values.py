"""The pixels of images as values: each image by its own rescale."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.dicom.decode import decode_images
from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.image_gate import rescale_of, size_of
from taskgan_ext.dicom.parser_faults import refusing
from taskgan_ext.errors import RefusedSeries


def read_values(files: Sequence[DicomFile]) -> Iterator[NDArray[np.float32]]:
    """Read the pixels of images and apply the rescale slope and intercept of each.

    Compressed pixels are decoded in a child process. Plain ones are read here: they are numbers at a known
    place of a known length, and no codec touches them.

    Args:
        files: images that passed ``check_image``.

    Yields:
        Of each image ``(columns, rows)``: the first axis runs along a row of it (PS3.3 C.7.6.2.1.1). Computed
        in double precision, given in single.

    Raises:
        RefusedSeries: pixels cannot be decoded, contradict their type, or are not finite as values.
    """
    decoded = decode_images([file for file in files if file.pixels and file.pixels.fragments])
    for file in files:
        stored = next(decoded) if file.pixels and file.pixels.fragments else _read_plain(file)
        slope, intercept = rescale_of(file)
        with np.errstate(over="ignore", invalid="ignore"):
            values = (_integers(file, stored) * slope + intercept).astype(np.float32)
        if not np.isfinite(values).all():
            raise RefusedSeries(
                "nonfinite",
                f"{file.path}: expected finite values, got others, from a slope of {slope:g} and an "
                f"intercept of {intercept:g}",
            )
        yield values.T


def _read_plain(file: DicomFile) -> NDArray[np.uint16]:
    shape = size_of(file)
    assert file.pixels is not None
    with refusing(file.path, "the pixels cannot be read", "truncated"), file.path.open("rb") as stream:
        stream.seek(file.pixels.start)
        return np.frombuffer(stream.read(file.pixels.length), dtype="<u2").reshape(shape)


def _integers(file: DicomFile, stored: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Numbers of 8 to 16 bits out of words of 16, whose other bits repeat the sign or are 0.

    Raises:
        RefusedSeries: the other bits hold something else, as overlays of old.
    """
    bits, signed = int(file.numbers("BitsStored", 1)[0]), file.number("PixelRepresentation") == 1
    spare = 16 - bits
    shifted = stored << np.uint16(spare)
    numbers = (shifted.view(np.int16) if signed else shifted) >> spare
    if spare and ((numbers.view(np.uint16) != stored) & (shifted >> np.uint16(spare) != stored)).any():
        raise RefusedSeries(
            "pixel_format",
            f"{file.path}: expected pixels of {bits} bits, as BitsStored says, found larger ones",
        )
    return numbers.astype(np.float64)
