"""Where the elements of a DICOM file lie, found before a parser sees it.

The walk keeps no values and does not recurse, so that a file of any nesting costs time and memory in
proportion to its size. It refuses what parsers make differently of: unordered and repeated elements, lengths
beyond their sequence, unknown types.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from pydicom.datadict import dictionary_has_tag, dictionary_VR

from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.dicom_folder import MARKER, MARKER_START

UNDEFINED = 0xFFFFFFFF
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
"""Value representations with a length of 32 and of 16 bits, PS3.5 section 7.1.2."""
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010
OTHER_PIXELS = (0x7FE00008, 0x7FE00009)
"""Float and double float pixel data, which no PET or MR image has."""
META_LENGTH, META_CLASS, META_SYNTAX = 0x00020000, 0x00020002, 0x00020010
MAX_DEPTH = 10
MAX_ELEMENTS, MAX_ENHANCED_ELEMENTS = 50_000, 300_000
"""Of one file; a classic image has some hundreds, with all private elements of a vendor some thousands. An
enhanced object has a hundred for each of its frames."""
MAX_VALUE_BYTES, MAX_ENHANCED_VALUE_BYTES = 2**20, 2**22
"""Of texts and numbers of the standard in one header: a parser makes a hundred bytes of two."""

_EXPLICIT, _IMPLICIT, _LENGTH = struct.Struct("<HH2sH"), struct.Struct("<HHI"), struct.Struct("<I")


class _Holds(Enum):
    ELEMENTS = 0
    ITEMS = 1
    FRAGMENTS = 2


@dataclass
class _Level:
    """A data set, a sequence or compressed pixels that the walk is in."""

    end: int
    explicit: bool
    holds: _Holds = _Holds.ELEMENTS
    open_ended: bool = False
    last_tag: int = -1


@dataclass(frozen=True)
class _Element:
    tag: int
    vr: bytes
    start: int
    length: int


@dataclass(frozen=True)
class PixelElement:
    """The place of the pixels in a file.

    Attributes:
        start: of the value, in bytes from the start of the file.
        length: of the value.
        fragments: start and length of each piece of compressed pixels, without the offset table; none where
            the pixels are not compressed.
    """

    start: int
    length: int
    fragments: tuple[tuple[int, int], ...] = ()


def read_meta(content: bytes) -> tuple[Mapping[int, bytes], int]:
    """Read the file meta information (PS3.10 section 7.1).

    Args:
        content: of a file.

    Returns:
        Values by tag, and where the data set begins.

    Raises:
        RefusedSeries: it is no DICOM file, or its meta information is malformed.
    """
    position = MARKER_START + len(MARKER)
    if content[MARKER_START:position] != MARKER:
        raise RefusedSeries("not_dicom", "expected a DICOM file with the marker DICM, found another file")
    level, values, first = _Level(len(content), explicit=True), {}, position
    while content[position : position + 2] == b"\x02\x00":
        element = _read_element(content, position, level)
        position = element.start + element.length
        if position > len(content):
            raise _malformed("its meta information reaches beyond the end of the file")
        values[element.tag] = content[element.start : position]
        if element.tag == META_LENGTH:
            first = position
    announced = values.get(META_LENGTH, b"")
    if announced and announced != _LENGTH.pack(position - first):
        raise _malformed("its meta information has another length than it says")
    return values, position


def find_pixels(
    content: bytes, start: int, explicit: bool, size: int, enhanced: bool = False
) -> tuple[int, PixelElement | None]:
    """Walk through a data set up to its pixels.

    Args:
        content: of a file, or as much of it as a header may have.
        start: where its data set begins.
        explicit: whether elements tell their value representation.
        size: of the file in bytes.
        enhanced: whether the header may be as long as that of an enhanced object.

    Returns:
        Where the header ends, and the pixels; ``None`` where there are none.

    Raises:
        RefusedSeries: the structure is malformed, or nested or long beyond the limits.
    """
    levels, position = [_Level(size, explicit)], start
    elements, values = _limits(enhanced)
    while levels:
        level, elements = levels[-1], elements - 1
        if elements < 0 or values < 0:
            raise RefusedSeries("too_large", "its header has more or longer elements than any image has")
        if position == level.end and not level.open_ended:
            levels.pop()
            continue
        element = _read_element(content, position, level)
        if level.holds is not _Holds.ELEMENTS or element.tag >> 16 == 0xFFFE:
            position = _take_item(element, levels)
            continue
        if len(levels) == 1 and element.tag in (PIXEL_DATA, *OTHER_PIXELS):
            return position, _pixels(content, element, size)
        position = _enter(element, levels)
        values -= _value_bytes(element)
    return position, None


def _limits(enhanced: bool) -> tuple[int, int]:
    if enhanced:
        return MAX_ENHANCED_ELEMENTS, MAX_ENHANCED_VALUE_BYTES
    return MAX_ELEMENTS, MAX_VALUE_BYTES


def _value_bytes(element: _Element) -> int:
    """Length of what a parser turns into texts and numbers; private elements stay bytes."""
    if element.length == UNDEFINED or element.tag >> 16 & 1:
        return 0
    vr = element.vr.decode("ascii")
    if vr in ("", "UN"):
        vr = dictionary_VR(element.tag) if dictionary_has_tag(element.tag) else "UN"
    return 0 if vr in ("SQ", "UN") or vr.startswith("O") else element.length


def _pixels(content: bytes, element: _Element, size: int) -> PixelElement:
    if element.tag != PIXEL_DATA:
        raise RefusedSeries("pixel_format", "expected 16-bit integer pixels, found floating-point pixels")
    if element.length != UNDEFINED:
        if element.start + element.length > size:
            raise RefusedSeries("truncated", "the file ends before its pixels do")
        return PixelElement(element.start, element.length)
    level, position, pieces = (
        _Level(len(content), False, _Holds.FRAGMENTS, open_ended=True),
        element.start,
        [],
    )
    while True:
        piece = _read_element(content, position, level)
        position = piece.start + piece.length
        if piece.tag == SEQUENCE_END:
            break
        if piece.tag != ITEM or position > len(content):
            raise RefusedSeries("truncated", "the compressed pixels are cut off or damaged")
        pieces.append((piece.start, piece.length))
        if len(pieces) > MAX_ELEMENTS:
            raise RefusedSeries("too_large", f"the pixels are in more than {MAX_ELEMENTS} pieces")
    if len(pieces) < 2:
        raise RefusedSeries("pixel_format", "expected an offset table and compressed pixels, found less")
    return PixelElement(element.start, position - element.start, tuple(pieces[1:]))


def _take_item(element: _Element, levels: list[_Level]) -> int:
    """Step into, over or out of an item; a delimiter ends what has no length of its own."""
    level = levels[-1]
    ends = ITEM_END if level.holds is _Holds.ELEMENTS else SEQUENCE_END
    if element.tag == ends and level.open_ended and element.length == 0:
        levels.pop()
        return element.start
    if element.tag != ITEM or level.holds is _Holds.ELEMENTS:
        raise _malformed("a sequence has no item where one is expected, or a delimiter is out of place")
    if level.holds is _Holds.FRAGMENTS:
        return _skip(element, level)
    open_ended = element.length == UNDEFINED
    end = level.end if open_ended else _skip(element, level)
    levels.append(_Level(end, level.explicit, open_ended=open_ended))
    return element.start


def _enter(element: _Element, levels: list[_Level]) -> int:
    """Step over an element, or into it where it is a sequence."""
    level = levels[-1]
    if element.tag <= level.last_tag:
        raise _malformed("its elements are repeated or out of order")
    level.last_tag = element.tag
    open_ended = element.length == UNDEFINED
    if not (open_ended or _is_sequence(element)):
        return _skip(element, level)
    if len(levels) > 2 * MAX_DEPTH:
        raise _malformed(f"its sequences are nested more than {MAX_DEPTH} deep")
    if element.tag == PIXEL_DATA:  # of an icon
        holds, explicit = _Holds.FRAGMENTS, False
    elif element.vr in (b"SQ", b"UN", b""):
        # A sequence of unknown type is written without types, PS3.5 section 6.2.2.
        holds, explicit = _Holds.ITEMS, level.explicit and element.vr == b"SQ"
    else:
        raise _malformed("an element that is no sequence has no length")
    end = level.end if open_ended else _skip(element, level)
    levels.append(_Level(end, explicit, holds, open_ended))
    return element.start


def _is_sequence(element: _Element) -> bool:
    """Whether parsers take an element of known length for a sequence."""
    if element.vr not in (b"", b"UN"):
        return element.vr == b"SQ"
    return dictionary_has_tag(element.tag) and dictionary_VR(element.tag) == "SQ"


def _skip(element: _Element, level: _Level) -> int:
    end = element.start + element.length
    if end > level.end:
        raise _malformed("an element is longer than what holds it")
    return end


def _read_element(content: bytes, position: int, level: _Level) -> _Element:
    if position + 8 > level.end:
        raise _malformed("the file ends within an element, or a sequence does")
    group, number, length = _IMPLICIT.unpack_from(content, position)
    tag = group << 16 | number
    if not level.explicit or group == 0xFFFE or level.holds is not _Holds.ELEMENTS:
        return _Element(tag, b"", position + 8, length)
    _, _, vr, length = _EXPLICIT.unpack_from(content, position)
    if vr in SHORT_VRS:
        return _Element(tag, vr, position + 8, length)
    if vr not in LONG_VRS or position + 12 > level.end:
        raise _malformed("an element is of no known value representation")
    return _Element(tag, vr, position + 12, _LENGTH.unpack_from(content, position + 8)[0])


def _malformed(what: str) -> RefusedSeries:
    return RefusedSeries("parse_error", f"expected a DICOM file, but {what}; export the series again")
