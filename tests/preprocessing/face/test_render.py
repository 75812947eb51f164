from dataclasses import replace

import numpy as np
import pytest

from preprocessing.face.capture import draw_capture
from preprocessing.face.render import render_face
from preprocessing.face.traits import draw_identity

PERSON = draw_identity(np.random.default_rng(3))
PLAIN = replace(
    draw_capture(np.random.default_rng(4)),
    yaw=0.0,
    pitch=0.0,
    roll=0.0,
    light_azimuth=0.0,
    light_elevation=20.0,
    noise=0.0,
    smile=0.0,
    mouth_open=0.0,
    shift=(0.0, 0.0),
    gaze=(0.0, 0.0),
    scale=1.0,
)
LUMA = np.array([0.299, 0.587, 0.114])


def render(size=64, **changes):
    return render_face(PERSON, replace(PLAIN, **changes), size)


def with_part(part, **changes):
    return replace(PERSON, **{part: replace(getattr(PERSON, part), **changes)})


@pytest.mark.parametrize("size", [32, 50, 64, 128])
def test_a_picture_is_whole_and_in_range(size):
    picture = render(size)
    assert picture.shape == (size, size)
    assert picture.dtype == np.float32
    assert 0 <= picture.min() < picture.max() <= 1


def test_the_same_arguments_give_the_same_bytes():
    assert render().tobytes() == render().tobytes()


def test_any_person_can_be_seen_in_any_circumstance():
    for seed in range(25):
        rng = np.random.default_rng(seed)
        picture = render_face(draw_identity(rng), draw_capture(rng), 48, in_colour=bool(seed % 2))
        assert np.isfinite(picture).all()
        assert picture.std() > 0.03


def test_colour_has_the_brightness_of_grey():
    colour = render_face(PERSON, PLAIN, 64, in_colour=True)
    assert colour.shape == (64, 64, 3)
    assert np.abs(colour @ LUMA - render()).max() < 1e-5


def test_eyes_lie_where_aligned_photographs_have_them():
    """In rows and columns 50 to 200 of LFW-a, at 64: row 27, about 19 columns apart."""
    wide = with_part("eyes", distance=0.315, opening=0.07)
    shut = render_face(wide, replace(PLAIN, eyes_open=0.05), 64)
    change = np.abs(render_face(wide, PLAIN, 64) - shut)
    rows, columns = np.nonzero(change > 0.5 * change.max())
    left, right = columns[columns < 32], columns[columns >= 32]
    assert rows.mean() == pytest.approx(27, abs=1.5)
    assert right.mean() - left.mean() == pytest.approx(18.8, abs=1.5)
    assert (right.mean() + left.mean()) / 2 == pytest.approx(31.5, abs=1)


def test_light_from_the_right_brightens_the_right_cheek():
    right, left = (render(light_azimuth=azimuth, ambient=0.3)[34:40] for azimuth in (50.0, -50.0))
    assert right[:, 40:44].mean() > right[:, 20:24].mean()
    assert left[:, 40:44].mean() < left[:, 20:24].mean()


def test_the_mouth_goes_where_the_head_turns_to():
    def column(yaw):
        turned = replace(PLAIN, yaw=yaw)
        pale, red = (render_face(with_part("mouth", red=value), turned, 64) for value in (0.0, 1.0))
        return np.average(np.arange(64), weights=np.abs(red - pale).sum(axis=0))

    assert column(-20.0) < column(0.0) - 3
    assert column(20.0) > column(0.0) + 3


def test_shift_and_scale_move_the_picture():
    pixel = 0.63 / 18.8
    moved = render(shift=(3 * pixel, 0.0))[20:50, 15:50]
    assert np.abs(moved - render()[20:50, 12:47]).mean() < 0.02
    assert np.abs(moved - render()[20:50, 15:50]).mean() > 0.03


def test_every_part_of_a_person_can_be_seen():
    changes = {
        "skull": {"jaw": 0.45},
        "eyes": {"brow_thick": 0.06},
        "nose": {"width": 0.23},
        "mouth": {"width": 0.31},
        "skin": {"hair_tone": 0.7},
    }
    for part, change in changes.items():
        assert np.abs(render_face(with_part(part, **change), PLAIN, 64) - render()).max() > 0.05, part


def test_other_noise_is_all_that_another_exposure_of_the_same_scene_has():
    first, second = (
        render_face(PERSON, replace(PLAIN, noise=noise), 64) - render() for noise in (0.01, 0.02)
    )
    middle = np.s_[16:56, 16:48]
    assert first[middle].std() == pytest.approx(0.01, rel=0.15)
    assert second[middle].std() == pytest.approx(0.02, rel=0.15)
