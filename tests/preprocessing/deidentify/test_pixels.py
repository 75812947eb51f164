"""Nothing but the numbers of the pixels comes through: no comment, no trailing bytes, no spare bits."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from preprocessing.deidentify.folder import deidentify_folder
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import RefusedSeries

Write = Callable[..., Path]
NAME = b"DOE^JANE 1957-03-21"
COMMENT = len(NAME + b"\0") + 2


def put(image: Dataset, codestream: bytes, syntax: UID) -> None:
    image.PixelData = encapsulate([codestream])
    image["PixelData"].VR = "OB"
    image["PixelData"].is_undefined_length = True
    image.file_meta.TransferSyntaxUID = syntax


def with_rle(image: Dataset) -> None:
    image.compress(RLELossless, generate_instance_uid=False)
    put(image, next(generate_frames(image.PixelData, number_of_frames=1)) + NAME + b"\0", RLELossless)


def with_jpeg_2000(image: Dataset) -> None:
    coded = io.BytesIO()
    pixels = Image.fromarray(image.pixel_array.astype(np.uint16))
    pixels.save(coded, "JPEG2000", irreversible=False, no_jp2=True)
    code = coded.getvalue()
    after_size = 4 + int.from_bytes(code[4:6], "big")
    comment = b"\xff\x64" + (COMMENT + 2).to_bytes(2, "big") + b"\0\1" + NAME + b"\0"
    put(image, code[:after_size] + comment + code[after_size:] + NAME, JPEG2000Lossless)


def with_jpeg_ls(image: Dataset) -> None:
    image.compress(JPEGLSLossless, generate_instance_uid=False)
    code = next(generate_frames(image.PixelData, number_of_frames=1))
    segments = b"".join(
        marker + COMMENT.to_bytes(2, "big") + NAME + b"\0" for marker in (b"\xff\xfe", b"\xff\xe8")
    )
    put(image, code[:2] + segments + code[2:] + NAME + b"\0", JPEGLSLossless)


@pytest.mark.parametrize("compress", [with_rle, with_jpeg_2000, with_jpeg_ls])
def test_compressed_pixels_come_out_as_numbers_and_nothing_else(
    compress: Callable[[Dataset], None], pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    source = pet_folder(PetVariant(signed=False), change=compress)
    assert all(NAME in path.read_bytes() for path in source.iterdir())
    done = deidentify_folder(source, tmp_path / "out", key, show_progress=False)
    files = list((tmp_path / "out").rglob("*.dcm"))
    assert [path for path in files if b"DOE" in path.read_bytes()] == []
    assert {dcmread(path).file_meta.TransferSyntaxUID for path in files} == {ExplicitVRLittleEndian}
    before, after = read_series(source), read_series(tmp_path / "out" / done.series[0]["folder"])
    assert np.array_equal(before.volume, after.volume)


def test_text_in_bits_that_the_pixels_leave_over_is_refused(
    pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    def hide(image: Dataset) -> None:
        words = np.frombuffer(image.PixelData, "<u2").copy()
        words[: len(NAME)] |= np.frombuffer(NAME, np.uint8).astype(np.uint16) << 12
        image.PixelData = words.tobytes()

    source = pet_folder(PetVariant(bits_stored=12, signed=False), change=hide)
    with pytest.raises(RefusedSeries, match="as many bits as BitsStored says") as refused:
        deidentify_folder(source, tmp_path / "out", key, show_progress=False)
    assert refused.value.code == "pixel_format"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("signed", [True, False])
def test_numbers_of_few_bits_keep_their_values(
    signed: bool, pet_folder: Write, key: bytes, tmp_path: Path
) -> None:
    source = pet_folder(PetVariant(bits_stored=12, signed=signed))
    done = deidentify_folder(source, tmp_path / "out", key, show_progress=False)
    after = read_series(tmp_path / "out" / done.series[0]["folder"])
    assert np.array_equal(read_series(source).volume, after.volume)
