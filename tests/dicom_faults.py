"""Malformed DICOM files of every kind, made from valid ones: strategies for property-based tests.

The kinds are those that brought readers down: values, types, order, lengths, sequences, pixels, codecs, file
meta information, numbers.
"""

import struct
from collections.abc import Callable
from pathlib import Path

from dicom_elements import ITEM, ITEM_END, SEQUENCE_END, UNDEFINED, Element, LooseFile, nested
from hypothesis import strategies as st
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

PIXELS = 0x7FE00010
PAYLOADS = (
    b"",
    b"\0" * 8,
    b"\x01\x1b[2J\x7f",
    "\u202egpj.exe".encode(),
    b"\xff\xfe\xfd",
    b"../../../../x",
    b"$(reboot)`id`; rm -rf /",
    b"' OR 1=1; DROP TABLE x--",
    b"%s%n%x{0.__class__}",
    b"99999999",
    b"256060.1",
    b"NaN",
    b"Inf",
    b"-1",
    b"0",
    b"1e400",
    b"1_0",
    b"1\\2",
    b"1" * 40,
    b"1.2.03",
    b"1..2",
    b"." * 64,
    b"1." * 32 + b"1",
)
"""Values that are empty, hostile, impossible or at a limit."""


Fault = Callable[[st.DrawFn, LooseFile], None]


def break_value(draw: st.DrawFn, file: LooseFile) -> None:
    """Put something else into an element: hostile text, random bytes, or far too much."""
    element = draw(st.sampled_from([*file.meta, *file.body]))
    choice = draw(st.integers(0, 3))
    if choice == 0:
        element.value = draw(st.binary(max_size=12))
    elif choice == 1:
        element.value = element.value * draw(st.sampled_from([2, 10, 100])) or b"A" * 65536
    else:
        element.value = draw(st.sampled_from(PAYLOADS))
    if draw(st.booleans()):
        element.value += b" " * (len(element.value) % 2)


def break_number(draw: st.DrawFn, file: LooseFile) -> None:
    """Put something else into a number that the volume depends on."""
    keyword = draw(
        st.sampled_from(
            [
                *("RescaleSlope", "RescaleIntercept", "PixelSpacing", "ImagePositionPatient"),
                *("ImageOrientationPatient", "NumberOfSlices", "ImageIndex", "SeriesType", "WindowWidth"),
            ]
        )
    )
    value = draw(st.sampled_from(PAYLOADS))
    repeats = draw(st.sampled_from([1, 2, 3, 6]))
    file.find(keyword).value = b"\\".join([value] * repeats)


def break_type(draw: st.DrawFn, file: LooseFile) -> None:
    """Give elements another value representation, or one that does not exist."""
    elements = [*file.meta, *file.body]
    types = st.one_of(
        st.sampled_from([b"UN", b"SQ", b"OB", b"DS", b"IS", b"AT", b"FD", b"UI"]),
        st.binary(min_size=2, max_size=2),
    )
    for element in draw(st.lists(st.sampled_from(elements), min_size=1, max_size=3)):
        element.vr = draw(types)


def break_order(draw: st.DrawFn, file: LooseFile) -> None:
    """Repeat an element, or put it elsewhere, or put one of the meta information into the body."""
    element = draw(st.sampled_from([*file.meta, *file.body]))
    file.body.insert(draw(st.integers(0, len(file.body))), element)


def break_length(draw: st.DrawFn, file: LooseFile) -> None:
    """Give an element another length than it has."""
    element = draw(st.sampled_from([*file.meta, *file.body]))
    lengths = (0, 1, 3, 7, 0xFFFF, 0x10000, 2**31, UNDEFINED - 1, UNDEFINED)
    element.length = draw(st.sampled_from(lengths))


def break_sequence(draw: st.DrawFn, file: LooseFile) -> None:
    """Nest or widen a sequence beyond reason, or spoil its delimiters."""
    depth = draw(st.sampled_from([1, 2, 10, 11, 50, 100, 500]))
    open_ended = draw(st.booleans())
    value = draw(
        st.sampled_from(
            [
                nested(depth, open_ended),
                nested(depth, open_ended=True, ended=False),
                nested(1, open_ended) * 1000,
                ITEM_END + SEQUENCE_END,
                ITEM + struct.pack("<I", 100),
                ITEM + bytes(4),
                ITEM + struct.pack("<I", 12) + Element(PIXELS, b"OW", b"").encode(),
                b"\x08\x00\x15\x11garbage!",
            ]
        )
    )
    sequence = file.find("ReferencedSeriesSequence")
    sequence.vr, sequence.value = draw(st.sampled_from([b"SQ", b"UN"])), value
    sequence.length = draw(st.sampled_from([None, UNDEFINED]))


def break_pixels(draw: st.DrawFn, file: LooseFile) -> None:
    """Let pixels and their description contradict each other."""
    pixels = file.find("PixelData")
    kind = draw(st.integers(0, 5))
    if kind == 0:
        length = draw(st.sampled_from([0, 1, len(pixels.value) // 2, len(pixels.value) + 2]))
        pixels.value = (pixels.value * 2)[:length]
    elif kind == 1:
        pixels.value = pixels.value * draw(st.sampled_from([2, 10]))
    elif kind == 2:
        file.body.remove(pixels)
    elif kind == 3:
        keywords = ["Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"]
        value = draw(st.sampled_from([0, 1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 24, 32, 33, 255, 2048, 65535]))
        file.find(draw(st.sampled_from(keywords))).value = struct.pack("<H", value)
    elif kind == 4:
        frames = file.find("NumberOfFrames")
        frames.vr, frames.value = (
            b"IS",
            draw(st.sampled_from([b"0", b"2 ", b"999999", b"-1", b"1.5 ", b"x "])),
        )
    else:
        colours = [b"MONOCHROME1 ", b"RGB ", b"PALETTE COLOR ", b"YBR_FULL", b""]
        file.find("PhotometricInterpretation").value = draw(st.sampled_from(colours))


def break_meta(draw: st.DrawFn, file: LooseFile) -> None:
    """Spoil the preamble, the marker or the file meta information."""
    kind = draw(st.integers(0, 6)) if file.meta else 0
    if kind == 0:
        file.preamble = draw(
            st.sampled_from([b"", bytes(127), bytes(129), b"MZ" + bytes(126), b"II*\0" * 32])
        )
    elif kind == 1:
        file.marker = draw(st.sampled_from([b"", b"DICOM", b"dicm"]))
    elif kind == 2:
        file.meta_length = draw(st.sampled_from([0, 1, 2**16, UNDEFINED]))
    elif kind == 3:
        del file.meta[draw(st.integers(0, 6)) :]
    elif kind == 4:
        syntax = next((element for element in file.meta if element.tag == 0x00020010), file.meta[-1])
        syntaxes = (b"1.2.840.10008.1.2\0", b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.2\0", b"1.2.3\0")
        syntax.value = draw(st.sampled_from(syntaxes))
    elif kind == 5:
        file.meta = file.meta[::-1]
    else:
        file.meta = []


FAULTS: tuple[Fault, ...] = (
    break_value,
    break_number,
    break_type,
    break_order,
    break_length,
    break_sequence,
    break_pixels,
    break_meta,
)


@st.composite
def broken_bytes(draw: st.DrawFn, path: Path, faults: tuple[Fault, ...] = FAULTS) -> bytes:
    """A file with one to three faults; sometimes cut off, sometimes with single bytes changed."""
    file = LooseFile.read(path)
    for fault in draw(st.lists(st.sampled_from(faults), min_size=1, max_size=3)):
        fault(draw, file)
    content = bytearray(file.encode())
    if draw(st.integers(0, 5)) == 0:
        del content[draw(st.integers(0, len(content))) :]
    if draw(st.integers(0, 5)) == 0 and content:
        for place in draw(st.lists(st.integers(0, len(content) - 1), max_size=20)):
            content[place] = draw(st.integers(0, 255))
    return bytes(content)


def encapsulate_loosely(file: LooseFile, syntax: str, pieces: list[bytes], lengths: dict[int, int]) -> None:
    """Write compressed pixels in pieces, whose lengths may be lies, behind an empty offset table."""
    value = ITEM + bytes(4)
    for number, piece in enumerate(pieces):
        value += ITEM + struct.pack("<I", lengths.get(number, len(piece))) + piece
    pixels = file.find("PixelData")
    pixels.vr, pixels.value, pixels.length = b"OB", value + SEQUENCE_END, UNDEFINED
    meta = next(element for element in file.meta if element.tag == 0x00020010)
    meta.value = syntax.encode() + b"\0" * (len(syntax) % 2)


SYNTAXES = (RLELossless, JPEGLSLossless, JPEG2000Lossless)


@st.composite
def broken_codec_bytes(draw: st.DrawFn, path: Path, frames: dict[str, bytes]) -> bytes:
    """A file whose compressed pixels are damaged, cut off, in odd pieces, or of another codec."""
    file = LooseFile.read(path)
    frame = bytearray(frames[draw(st.sampled_from(sorted(frames)))])
    for place in draw(st.lists(st.integers(0, min(len(frame), 80) - 1), max_size=4)):
        frame[place] = draw(st.sampled_from([0, 1, 127, 128, 255]))
    if draw(st.booleans()):
        del frame[draw(st.integers(0, len(frame))) :]
    cut = draw(st.integers(0, len(frame)))
    pieces = [bytes(frame[:cut]), b"", bytes(frame[cut:])]
    lies = draw(st.sampled_from([{}, {}, {}, {0: UNDEFINED}, {1: 10**6}]))
    encapsulate_loosely(file, draw(st.sampled_from(SYNTAXES)), pieces, lies)
    return file.encode()
