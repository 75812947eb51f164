"""Pictures come back as they were written, and a file that is none is named."""

import contextlib
import struct
import sys
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from taskgan_ext.errors import DataError, DependencyError
from taskgan_ext.io.picture import has_colour, load_picture, save_picture

RAMP = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4) * 10
"""Six rows, four columns."""


def chunk(kind, content):
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


@given(arrays(np.uint8, st.tuples(st.sampled_from([1, 3]), st.integers(1, 9), st.integers(1, 9))))
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_eight_bits_come_back(tmp_path, pixels):
    save_picture(pixels / np.float32(255), tmp_path / "a.png")
    found = load_picture(tmp_path / "a.png", channels=len(pixels))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, pixels / np.float32(255))


def test_what_lies_outside_is_cut_off(tmp_path):
    save_picture(np.array([[[-0.2, 0.5, 1.3]]]), tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), [[0, 128, 255]])


def test_rows_come_first(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    np.testing.assert_allclose(load_picture(tmp_path / "a.png")[0] * 255, RAMP, rtol=1e-6)


@pytest.mark.parametrize("ending", ["png", "pgm"])
def test_sixteen_bits_are_not_cut_to_eight(tmp_path, ending):
    deep = RAMP.astype(np.uint16) * 250 + 7
    path = tmp_path / f"a.{ending}"
    if ending == "png":
        Image.fromarray(deep).save(path)
    else:
        path.write_bytes(b"P5 4 6 65535\n" + deep.astype(">u2").tobytes())
    np.testing.assert_allclose(load_picture(path)[0], deep / 65535, rtol=1e-6)
    np.testing.assert_array_equal(load_picture(path, channels=3), np.repeat(load_picture(path), 3, axis=0))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_kind_of_picture_is_read(tmp_path, mode, channels):
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.fromarray(np.where(RAMP > 100, 255, 0).astype(np.uint8)).convert(mode).save(path)
    found = load_picture(path, channels)
    assert found.shape == (channels, 6, 4)
    np.testing.assert_array_equal(found > 0.5, np.repeat(RAMP[None] > 100, channels, axis=0))


def test_grey_is_the_luma_of_the_colours(tmp_path):
    colours = np.random.default_rng(0).random((3, 5, 7))
    save_picture(colours, tmp_path / "a.png")
    luma = np.tensordot([0.299, 0.587, 0.114], colours, axes=1)
    np.testing.assert_allclose(load_picture(tmp_path / "a.png")[0], luma, atol=1.1 / 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_grey_that_is_stored_in_colour_is_no_colour(tmp_path, mode):
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    grey = Image.fromarray(RAMP.astype(np.uint16)) if mode == "I;16" else Image.fromarray(RAMP).convert(mode)
    grey.save(path)
    assert not has_colour(path)


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA"])
def test_one_pixel_of_colour_is_colour(tmp_path, mode):
    pixels = np.repeat(RAMP[..., None], 3, axis=2)
    pixels[2, 1] = (200, 0, 0)
    Image.fromarray(pixels).convert(mode).save(tmp_path / "a.png")
    assert has_colour(tmp_path / "a.png")


def test_the_orientation_of_the_camera_is_followed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the first row of the file is the right side of the picture
    Image.fromarray(RAMP).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_allclose(load_picture(tmp_path / "a.png")[0] * 255, np.rot90(RAMP, -1), rtol=1e-6)


@pytest.mark.parametrize("ending", ["png", "jpg", "pgm"])
@pytest.mark.parametrize("damage", ["cut", "head", "empty", "text", "missing"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, ending, damage):
    path = tmp_path / f"anna_0001.{ending}"
    noise = np.random.default_rng(0).integers(0, 256, (40, 30), dtype=np.uint8)
    Image.fromarray(noise).save(path, format={"jpg": "JPEG", "pgm": "PPM"}.get(ending))
    content = path.read_bytes()
    broken = {"cut": content[: len(content) // 2], "head": content[:20], "empty": b"", "text": b"no picture"}
    path.unlink()
    if damage != "missing":
        path.write_bytes(broken[damage])
    with pytest.raises(DataError, match=r"anna_0001\.\w+: expected a (PNG|picture)"):
        load_picture(path)


@pytest.mark.filterwarnings("ignore")  # of Pillow, about damage that it can mend
@given(st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_anywhere_is_one_error_or_none(tmp_path, data):
    ending = data.draw(st.sampled_from(["png", "jpg", "pgm"]))
    path = tmp_path / f"a.{ending}"
    Image.fromarray(RAMP).save(path, format={"jpg": "JPEG", "pgm": "PPM"}.get(ending))
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(DataError):
        assert load_picture(path).ndim == 3


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path):
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels)
    with pytest.raises(DataError, match=r"a\.png: expected a PNG.*exceeds limit"):
        load_picture(tmp_path / "a.png")


def test_floating_point_numbers_are_refused(tmp_path):
    (tmp_path / "a.pgm").write_bytes(b"Pf\n2 1\n-1.0\n" + np.array([0.1, 3], "<f4").tobytes())
    with pytest.raises(DataError, match=r"a\.pgm: expected a picture of 8 or 16 bits"):
        load_picture(tmp_path / "a.pgm")


def test_what_is_no_number_is_not_written(tmp_path):
    with pytest.raises(DataError, match=r"a\.png.*no numbers"):
        save_picture(np.full((1, 2, 2), np.nan), tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 3), (1, 1, 2, 3)])
def test_other_shapes_are_errors_of_the_program(tmp_path, shape):
    with pytest.raises(ValueError, match="expected a picture of shape"):
        save_picture(np.zeros(shape), tmp_path / "a.png")
    with pytest.raises(ValueError, match="1 or 3 channels"):
        load_picture(tmp_path / "a.png", channels=2)


def test_without_pillow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(DependencyError, match=r'pip install "taskgan-ext\[face\]"'):
        load_picture(tmp_path / "a.png")
