import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from taskgan_ext.metrics.roc import area_under_curve, equal_error_rate, roc_curve, weighted_areas


def count_pairs(scores, positive):
    """The definition of Mann and Whitney: every positive sample against every negative one."""
    wins = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    return sum(wins) / len(wins)


@st.composite
def samples(draw):
    number = draw(st.integers(2, 30))
    # Few different values, so that there are ties.
    scores = draw(arrays(np.float64, number, elements=st.integers(-3, 3).map(float)))
    positive = draw(arrays(bool, number).filter(lambda kinds: kinds.any() and not kinds.all()))
    return scores, positive


@given(samples())
def test_area_equals_counting_pairs_and_the_area_below_the_curve(sample):
    scores, positive = sample
    expected = count_pairs(scores, positive)
    assert area_under_curve(scores, positive) == pytest.approx(expected, abs=1e-12)
    assert np.trapezoid(*roc_curve(scores, positive)[::-1]) == pytest.approx(expected, abs=1e-12)


@given(samples(), st.integers(0, 2**16))
def test_a_weight_is_a_number_of_copies(sample, seed):
    scores, positive = sample
    copies = np.random.default_rng(seed).integers(0, 4, len(scores))
    (found,) = weighted_areas(scores, positive, copies[None].astype(float))
    repeated = area_under_curve(np.repeat(scores, copies), np.repeat(positive, copies))
    assert found == pytest.approx(repeated, abs=1e-12, nan_ok=True)


@given(samples())
def test_curve_rises_from_corner_to_corner_without_needless_points(sample):
    far, tar = roc_curve(*sample)
    assert (far[0], tar[0], far[-1], tar[-1]) == (0, 0, 1, 1)
    steps = np.stack([np.diff(far), np.diff(tar)])
    assert (steps >= 0).all()
    assert steps.any(axis=0).all()
    turn = steps[0, 1:] * steps[1, :-1] - steps[0, :-1] * steps[1, 1:]
    assert (np.abs(turn) > 1e-9).all()


def test_every_point_of_the_curve_is_a_threshold():
    scores, positive = np.array([0.9, 0.8, 0.8, 0.3, 0.1]), np.array([True, False, True, True, False])
    far, tar = roc_curve(scores, positive)
    np.testing.assert_allclose(far, [0, 0, 0.5, 0.5, 1])
    np.testing.assert_allclose(tar, [0, 1 / 3, 2 / 3, 1, 1])


@pytest.mark.parametrize(
    ("scores", "area", "rate"),
    [([3, 2, 1, 0], 1.0, 0.0), ([0, 1, 2, 3], 0.0, 1.0), ([1, 1, 1, 1], 0.5, 0.5), ([3, 1, 2, 0], 0.75, 0.5)],
)
def test_area_and_equal_error_rate_of_known_orders(scores, area, rate):
    scores, positive = np.array(scores, dtype=float), np.array([True, True, False, False])
    assert area_under_curve(scores, positive) == area
    assert equal_error_rate(*roc_curve(scores, positive)) == pytest.approx(rate)


def test_equal_error_rate_of_two_normal_distributions():
    """Unit normals two apart cross at one: the error is that of a normal beyond one."""
    generator = np.random.default_rng(0)
    scores = np.concatenate([generator.normal(2, 1, 100_000), generator.normal(0, 1, 100_000)])
    positive = np.arange(200_000) < 100_000
    expected = 0.5 * math.erfc(1 / math.sqrt(2))
    assert equal_error_rate(*roc_curve(scores, positive)) == pytest.approx(expected, abs=0.003)
    assert area_under_curve(scores, positive) == pytest.approx(0.5 * math.erfc(-1.0), abs=0.003)


@pytest.mark.parametrize("kinds", [[True, True], [False, False], []])
def test_one_kind_alone_has_no_area(kinds):
    assert math.isnan(area_under_curve(np.arange(float(len(kinds))), np.array(kinds, dtype=bool)))
