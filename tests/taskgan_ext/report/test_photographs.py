import base64
import io
import re

import matplotlib.image
import numpy as np

from taskgan_ext.io.presentation import Presentation
from taskgan_ext.report.photographs import photographs
from taskgan_ext.report.results import Preview, Results


def make_results(*previews):
    return Results([], [], {}, Presentation(orientation="picture"), {}, previews=list(previews))


def decode(html):
    """RGB of the first picture, as 8-bit numbers."""
    content = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])
    return np.round(255 * matplotlib.image.imread(io.BytesIO(content))[..., :3]).astype(int)


def test_grey_runs_from_black_at_zero_to_white_at_one():
    image = np.linspace(0, 1, 20, dtype=np.float32).reshape(5, 4)
    drawn = decode(photographs(make_results(Preview("Ann", "0", {"reference": image}, (1.0, 1.0)))))
    np.testing.assert_allclose(drawn, np.repeat(255 * image[..., None], 3, axis=2), atol=2)


def test_colours_are_kept_and_clipped():
    image = np.random.default_rng(0).uniform(-0.2, 1.2, (5, 4, 3)).astype(np.float32)
    drawn = decode(photographs(make_results(Preview("Ann", "0", {"reference": image}, (1.0, 1.0)))))
    np.testing.assert_allclose(drawn, 255 * image.clip(0, 1), atol=1)


def test_a_row_for_each_person_and_a_column_for_each_arm():
    image = np.zeros((8, 4), np.float32)
    arms = {"input": image, "<b>": image, "reference": image}
    html = photographs(make_results(*(Preview(name, "0", arms, (1.0, 1.0)) for name in ("Ann", "Bo & Cy"))))
    assert html.count("<img") == 6
    assert re.findall(r'class="head">([^<]*)<', html) == ["input", "&lt;b&gt;", "reference"]
    assert re.findall(r'class="group">([^<]*)<', html) == ["Ann", "Bo &amp; Cy"]
    assert html.count("aspect-ratio:0.5000") == 6
    assert photographs(make_results()) == ""
