import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from photographs import write_photograph
from PIL import Image

from preprocessing.face.crop import AUTOMATIC, LFW_CROP, WHOLE, Crop, load_face, parse_crop
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.picture import load_picture


def test_a_square_at_the_working_size_keeps_its_pixels(tmp_path):
    write_photograph(tmp_path / "a.png", 50, 60)
    whole = load_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(load_face(tmp_path / "a.png", Crop(3, 7, 40), 40, 1), whole[:, 3:43, 7:47])
    np.testing.assert_array_equal(load_face(tmp_path / "a.png", WHOLE, 50, 1), whole[:, :, 5:55])


@pytest.mark.parametrize(("side", "square"), [(250, np.s_[:, 50:200, 50:200]), (240, np.s_[:])])
def test_photographs_of_lfw_are_cut_to_the_face_and_others_are_not(tmp_path, side, square):
    write_photograph(tmp_path / "a.png", side, side)
    kept = load_picture(tmp_path / "a.png")[square]
    np.testing.assert_array_equal(load_face(tmp_path / "a.png", AUTOMATIC, kept.shape[1], 1), kept)


def test_resampling_is_that_of_pillow_and_keeps_the_mean(tmp_path):
    write_photograph(tmp_path / "a.png", 96, 96)
    small = load_face(tmp_path / "a.png", WHOLE, 32, 1)[0]
    with Image.open(tmp_path / "a.png") as picture:
        referee = np.asarray(picture.resize((32, 32), Image.Resampling.BICUBIC)) / 255
    assert np.abs(small - referee).max() < 1 / 255
    assert small.mean() == pytest.approx(load_picture(tmp_path / "a.png").mean(), abs=0.01)


def test_colour_has_three_channels_whatever_the_file_has(tmp_path):
    write_photograph(tmp_path / "grey.png")
    grey = load_face(tmp_path / "grey.png", WHOLE, 32, 3)
    assert grey.shape == (3, 32, 32)
    np.testing.assert_array_equal(grey[0], grey[2])


def test_a_crop_beyond_the_picture_is_refused(tmp_path):
    write_photograph(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"holds the crop 10,10,40,40, got 40 rows x 40 columns"):
        load_face(tmp_path / "a.png", Crop(10, 10, 40), 32, 1)


@given(rows=st.integers(1, 60), columns=st.integers(1, 60))
def test_a_face_is_enlarged_twice_at_most(rows, columns, tmp_path_factory):
    path = tmp_path_factory.mktemp("photographs") / "a.png"
    write_photograph(path, rows, columns)
    if min(rows, columns) >= 17:
        assert load_face(path, WHOLE, 33, 1).shape == (1, 33, 33)
    else:
        with pytest.raises(DataError, match=f"at least 17 rows and columns .*, got {min(rows, columns)} of"):
            load_face(path, WHOLE, 33, 1)


def test_words_and_squares_are_parsed():
    assert parse_crop("50,50,150,150") == LFW_CROP
    assert [parse_crop(text) for text in (WHOLE, AUTOMATIC)] == [WHOLE, AUTOMATIC]
    assert parse_crop(str(Crop(1, 2, 3))) == Crop(1, 2, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3", "expected TOP,LEFT,HEIGHT,WIDTH"),
        ("face", "got 'face'"),
        ("0,0,10,20", "expected a square, since faces would be stretched, got 10 x 20"),
        ("-1,0,10,10", "within the picture"),
        ("0,0,0,0", "within the picture"),
    ],
)
def test_other_crops_are_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_crop(text)
