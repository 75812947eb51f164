"""DICOM files taken apart into elements, and put together by a writer that writes whatever it is told."""

import struct
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.tag import Tag

LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = (
    b"\xfe\xff\x00\xe0",
    b"\xfe\xff\x0d\xe0" + bytes(4),
    b"\xfe\xff\xdd\xe0" + bytes(4),
)


@dataclass
class Element:
    """An element as it is written; its length may be a lie."""

    tag: int
    vr: bytes
    value: bytes
    length: int | None = None

    def encode(self) -> bytes:
        length = len(self.value) if self.length is None else self.length
        head = struct.pack("<HH", self.tag >> 16, self.tag & 0xFFFF) + self.vr
        if self.vr in LONG or length > 0xFFFF:
            return head + struct.pack("<HI", 0, length & UNDEFINED) + self.value
        return head + struct.pack("<H", length) + self.value


@dataclass
class LooseFile:
    """A file as lists of elements."""

    meta: list[Element]
    body: list[Element]
    preamble: bytes = bytes(128)
    marker: bytes = b"DICM"
    meta_length: int | None = None

    @classmethod
    def read(cls, path: Path) -> "LooseFile":
        """Take a valid file apart; its sequences stay whole."""
        image = dcmread(path)
        meta = [element for element in _elements(image.file_meta) if element.tag != 0x00020000]
        return cls(meta, _elements(image))

    def encode(self) -> bytes:
        meta = b"".join(element.encode() for element in self.meta)
        length = struct.pack("<I", len(meta) if self.meta_length is None else self.meta_length)
        head = Element(0x00020000, b"UL", length).encode()
        body = b"".join(element.encode() for element in self.body)
        return self.preamble + self.marker + head + meta + body

    def find(self, keyword: str) -> Element:
        """An element of the body; a new one where it is missing."""
        tag = int(Tag(keyword))
        for element in self.body:
            if element.tag == tag:
                return element
        new = Element(tag, b"UN", b"")
        self.body = sorted([*self.body, new], key=lambda element: element.tag)
        return new


def _elements(dataset: Dataset) -> list[Element]:
    found = []
    for element in dataset:
        alone = Dataset()
        alone[element.tag] = element
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        write_dataset(buffer, alone)
        raw = buffer.getvalue()
        vr = raw[4:6]
        found.append(Element(int(element.tag), vr, raw[12 if vr in LONG else 8 :]))
    return found


def nested(depth: int, open_ended: bool, ended: bool = True) -> bytes:
    """The items of a sequence in a sequence, so many deep."""
    value = b""
    for _ in range(depth):
        inner = (
            Element(0x00081115, b"SQ", value, UNDEFINED if open_ended else None).encode() if value else b""
        )
        if open_ended:
            value = ITEM + struct.pack("<I", UNDEFINED) + inner
            value += ITEM_END + SEQUENCE_END if ended else b""
        else:
            value = ITEM + struct.pack("<I", len(inner)) + inner
    return value
