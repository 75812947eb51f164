"""What a compressed image says about itself, held against its header before a codec sees it."""

import struct
from collections.abc import Mapping

from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

RLE_HEADER = struct.Struct("<16I")
"""Number of segments and their offsets, PS3.5 annex G.5."""
JP2_SIZE = struct.Struct(">4sHHIIIIIIIIH")
"""SOC and SIZ markers of JPEG 2000 with the grid and the image on it, ISO/IEC 15444-1 annex A.5.1."""
JPEG_FRAME = struct.Struct(">BHHB")
"""Precision, lines, samples a line and components of a frame, ISO/IEC 10918-1 B.2.2 and 14495-1 C.2.2."""
JPEG_FRAMES: Mapping[str, int] = {JPEGLosslessSV1: 0xC3, JPEGLSLossless: 0xF7}


def check_codestream(frame: bytes, syntax: str, rows: int, columns: int) -> None:
    """Check that a compressed image is one grey image of the size that its header tells.

    A codec would make room for what the codestream says, however much that is.

    Args:
        frame: compressed.
        syntax: UID of the transfer syntax.
        rows: of the header.
        columns: of the header.

    Raises:
        ValueError: it is another one, or none.
        struct.error: it is too short.
    """
    if syntax == RLELossless:
        _check_rle(frame)
        return
    found = _jpeg_2000(frame) if syntax == JPEG2000Lossless else _jpeg(frame, JPEG_FRAMES[syntax])
    if found != (rows, columns, 1):
        raise ValueError(f"expected rows, columns and components {rows, columns, 1}, got {found}")


def _check_rle(frame: bytes) -> None:
    segments, *offsets = RLE_HEADER.unpack_from(frame)
    # Two bytes a pixel, each in a segment of its own.
    if segments != 2 or not RLE_HEADER.size <= offsets[0] < offsets[1] < len(frame):
        raise ValueError(f"expected two segments one behind the other, got {segments} at {offsets[:2]}")


def _jpeg_2000(frame: bytes) -> tuple[int, int, int]:
    marker, _, _, x1, y1, x0, y0, _, _, _, _, components = JP2_SIZE.unpack_from(frame)
    if marker != b"\xff\x4f\xff\x51":
        raise ValueError("expected a JPEG 2000 codestream that begins with its size")
    return y1 - y0, x1 - x0, components


def _jpeg(frame: bytes, start_of_frame: int) -> tuple[int, int, int]:
    if frame[:2] != b"\xff\xd8":
        raise ValueError("expected a JPEG codestream")
    position = 2
    while True:
        marker, length = struct.unpack_from(">HH", frame, position)
        if marker == 0xFF00 | start_of_frame:
            _, rows, columns, components = JPEG_FRAME.unpack_from(frame, position + 4)
            return rows, columns, components
        if marker < 0xFFC0 or marker == 0xFFDA or length < 2:
            raise ValueError(f"expected the size of the image before its content, got marker {marker:#x}")
        position += 2 + length
