"""The parser sees what was walked through, within limits on size, nesting and time."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from dicom_elements import UNDEFINED, Element, LooseFile, nested
from dicom_faults import encapsulate_loosely
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from taskgan_ext.dicom.parse_file import parse_file
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.dicom_folder import list_dicom_files

Pet = Callable[..., Path]
MOST_BYTES = 60 * 2**20


@pytest.fixture
def path(pet: Pet) -> Path:
    """A file of a PET series with private elements."""
    return sorted(pet(vendor="ge", private_scan_time=True).iterdir())[0]


def write_sequence(path: Path, value: bytes, vr: bytes = b"SQ", length: int | None = None) -> None:
    file = LooseFile.read(path)
    sequence = file.find("ReferencedSeriesSequence")
    sequence.vr, sequence.value, sequence.length = vr, value, length
    path.write_bytes(file.encode())


def syntax_of(file: LooseFile) -> Element:
    return next(element for element in file.meta if element.tag == 0x00020010)


def test_the_header_comes_without_pixels_and_tells_where_they_are(path: Path) -> None:
    file, whole = parse_file(path), pydicom.dcmread(path)
    assert file.pixels is not None
    assert path.read_bytes()[file.pixels.start :][: file.pixels.length] == whole.PixelData
    del whole.PixelData
    assert file.header == whole
    assert file.header.file_meta == whole.file_meta


def test_dicom_files_are_told_by_their_content(path: Path) -> None:
    folder = path.parent
    path.rename(folder / "IMAGE")
    (folder / "text.dcm").write_text("none")
    (folder / ".writing-1").write_bytes((folder / "IMAGE").read_bytes())
    found = list_dicom_files(folder)
    assert folder / "IMAGE" in found
    assert len(found) == 5


@pytest.mark.parametrize("open_ended", [False, True])
@pytest.mark.parametrize("vr", [b"SQ", b"UN"])
def test_ten_sequences_in_each_other_are_read_and_eleven_are_not(
    open_ended: bool, vr: bytes, path: Path
) -> None:
    # Inside of a sequence of unknown type, elements have no type: those of the test would be misread.
    depth = 10 if vr == b"SQ" else 1
    length = UNDEFINED if open_ended else None
    write_sequence(path, nested(depth, open_ended), vr, length)
    assert "ReferencedSeriesSequence" in parse_file(path).header
    write_sequence(path, nested(11, open_ended), vr, length)
    with pytest.raises(RefusedSeries, match=r"nested more than 10|parse_error"):
        parse_file(path)


@pytest.mark.parametrize("depth", [50, 500, 5000])
@pytest.mark.parametrize("open_ended", [False, True])
def test_no_nesting_is_followed_however_deep(depth: int, open_ended: bool, path: Path) -> None:
    write_sequence(path, nested(depth, open_ended), length=UNDEFINED if open_ended else None)
    with pytest.raises(RefusedSeries, match="nested more than 10"):
        parse_file(path)


def test_an_icon_in_the_header_is_not_taken_for_the_image(path: Path) -> None:
    image = pydicom.dcmread(path)
    icon = pydicom.Dataset()
    icon.Rows = icon.Columns = 2
    icon.PixelData = bytes(4)
    icon["PixelData"].VR = "OW"
    image.IconImageSequence = [icon]
    image.save_as(path)
    assert parse_file(path).header.IconImageSequence[0].PixelData == bytes(4)
    assert read_series(path.parent).volume.shape == (10, 9, 5)


@pytest.mark.parametrize("payload", ["../../x", "a\0b", "1" * 65, "%s%n", "$(reboot)"])
def test_text_of_the_file_is_in_no_message_and_no_name(payload: str, path: Path) -> None:
    file = LooseFile.read(path)
    for keyword in (
        "SeriesInstanceUID",
        "SOPInstanceUID",
        "PatientName",
        "SeriesDescription",
        "SeriesNumber",
    ):
        file.find(keyword).value = payload.encode()
    path.write_bytes(file.encode())
    before = sorted(path.parents[1].rglob("*"))
    with pytest.raises(RefusedSeries) as caught:
        read_series([path])
    assert payload not in str(caught.value)
    assert sorted(path.parents[1].rglob("*")) == before


def deflate_bomb(path: Path) -> None:
    """256 MiB of zeros in 260 kB."""
    file = LooseFile.read(path)
    body, file.body = file.body, []
    syntax_of(file).value = DeflatedExplicitVRLittleEndian.encode() + b"\0"
    squeeze = zlib.compressobj(wbits=-15)
    content = squeeze.compress(b"".join(element.encode() for element in body[:-1]))
    content += b"".join(squeeze.compress(bytes(2**20)) for _ in range(256)) + squeeze.flush()
    path.write_bytes(file.encode() + content)


def run_length_bomb(path: Path) -> None:
    """16384 x 16384 pixels in 8.4 MB."""
    file = LooseFile.read(path)
    file.find("Rows").value = file.find("Columns").value = struct.pack("<H", 16384)
    segment = b"\x81\x00" * (2**28 // 128)
    header = struct.pack("<16I", 2, 64, 64 + len(segment), *[0] * 13)
    encapsulate_loosely(file, RLELossless, [header + segment + segment], {})
    path.write_bytes(file.encode())


def run_length_bomb_of_a_small_image(path: Path) -> None:
    """The same in an image that says to be small."""
    file = LooseFile.read(path)
    segment = b"\x81\x00" * (2**28 // 128)
    header = struct.pack("<16I", 2, 64, 64 + len(segment), *[0] * 13)
    encapsulate_loosely(file, RLELossless, [header + segment + segment], {})
    path.write_bytes(file.encode())


def frames_without_end(path: Path) -> None:
    file = LooseFile.read(path)
    frames = file.find("NumberOfFrames")
    frames.vr, frames.value = b"IS", b"999999"
    path.write_bytes(file.encode())


def rows_without_end(path: Path) -> None:
    file = LooseFile.read(path)
    file.find("Rows").value = file.find("Columns").value = b"\xff\xff"
    path.write_bytes(file.encode())


def elements_without_end(path: Path) -> None:
    file = LooseFile.read(path)
    private = [Element(0x00191000 + number, b"LO", b"") for number in range(0xEFFF)]
    file.body = sorted([*file.body, *private], key=lambda element: element.tag)
    path.write_bytes(file.encode())


def values_without_end(path: Path) -> None:
    """Four million numbers in one element."""
    file = LooseFile.read(path)
    window = file.find("WindowCenter")
    window.vr, window.value = b"UN", b"1\\" * 2**22
    path.write_bytes(file.encode())


def larger_than_any_image(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(2**32)  # of holes


@pytest.mark.parametrize(
    ("bomb", "code"),
    [
        (deflate_bomb, "transfer_syntax"),
        (run_length_bomb, "too_large"),
        (run_length_bomb_of_a_small_image, "pixel_format"),
        (frames_without_end, "multiframe"),
        (rows_without_end, "too_large"),
        (elements_without_end, "too_large"),
        (values_without_end, "too_large"),
        (larger_than_any_image, "too_large"),
    ],
)
def test_a_bomb_is_refused_before_it_takes_memory(
    bomb: Callable[[Path], None], code: str, path: Path
) -> None:
    bomb(path)
    tracemalloc.start()
    try:
        with pytest.raises(RefusedSeries) as caught:
            read_series(path.parent)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code == code
    assert peak < MOST_BYTES
