import base64
import io

import matplotlib.image
import numpy as np
import pytest

from taskgan_ext.io.presentation import Presentation
from taskgan_ext.report.pictures import display, draw_case, object_box
from taskgan_ext.report.results import Preview


def decode(uri):
    return matplotlib.image.imread(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_axial_slices_are_shown_in_the_radiological_manner():
    image = np.zeros((4, 6), np.float32)
    image[3, 5] = 1.0  # the patient's right, anterior
    assert np.argwhere(display(image)).tolist() == [[0, 0]]
    assert display(image).shape == (6, 4)


def test_box_holds_the_object_and_its_margin():
    image = np.zeros((40, 30), np.float32)
    image[10:20, 2:25] = 5.0
    assert object_box(image) == (slice(6, 24), slice(0, 29))
    assert object_box(np.zeros((8, 8), np.float32)) == (slice(None), slice(None))


def test_errors_share_one_scale_symmetric_about_zero():
    reference = np.full((20, 20), 100.0, np.float32)
    arms = {"input": reference + 40, "restored": reference - 20, "reference": reference}
    case = draw_case(Preview("a", "1", arms, (1.0, 1.0)), Presentation())
    assert case.error_bar.high == -case.error_bar.low == 40.0
    assert [picture.caption for picture in case.errors] == [
        "input \u2212 reference",
        "restored \u2212 reference",
    ]
    worst, middle = (decode(picture.uri)[0, 0, :3] for picture in case.errors)
    np.testing.assert_allclose(worst, decode(case.error_bar.uri)[0, -1, :3], atol=0.01)
    assert middle[2] > middle[0]  # below the reference is blue


def test_every_arm_has_its_picture_and_its_error():
    reference = np.full((20, 20), 100.0, np.float32)
    arms = {"a": reference - 5, "b": reference + 1, "restored": reference, "reference": reference}
    case = draw_case(Preview("x", "1", arms, (1.0, 1.0)), Presentation())
    assert [picture.caption for picture in case.images] == list(arms)
    assert [picture.caption for picture in case.errors] == [
        f"{arm} \u2212 reference" for arm in ("a", "b", "restored")
    ]
    assert case.error_bar.high == 5.0


def test_colour_bars_end_at_round_numbers_above_the_window():
    reference = np.linspace(0, 4873, 400, dtype=np.float32).reshape(20, 20)
    arms = {"restored": reference, "reference": reference}
    bar = draw_case(Preview("a", "1", arms, (1.0, 1.0)), Presentation()).image_bar
    assert (bar.low, bar.high) == (0.0, 4900.0)


def test_pictures_keep_the_shape_of_the_pixels():
    image = np.ones((10, 20), np.float32)
    preview = Preview("a", "1", {"restored": image, "reference": image}, (1.0, 3.0))
    assert draw_case(preview, Presentation()).images[0].aspect == pytest.approx(10 * 1.0 / (20 * 3.0))
