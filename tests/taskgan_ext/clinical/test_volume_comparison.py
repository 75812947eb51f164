"""Amount, peak and place of what restoring changed."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from taskgan_ext.clinical.volume_comparison import compare_volumes
from taskgan_ext.errors import RefusedSeries

VOXEL_MM = (2.3, 2.3, 2.8)


@pytest.fixture(scope="module")
def head() -> NDArray[np.float64]:
    """A ball of activity with the noise of few counts, as reconstruction leaves it."""
    places = np.indices((64, 64, 40)) - np.array([32, 32, 20])[:, None, None, None]
    ball = np.hypot(np.hypot(places[0], places[1]), 1.2 * places[2]) < 22
    noisy = np.random.default_rng(0).poisson(200.0 * ball)
    smoothed: NDArray[np.float64] = gaussian_filter(noisy.astype(np.float64), 0.5)
    return smoothed


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(0.1, 10))
def test_a_factor_is_found_in_every_measure(head: NDArray[np.float64], factor: float) -> None:
    found = compare_volumes(head, factor * head, VOXEL_MM)
    assert found["activity_ratio"] == pytest.approx(factor)
    assert found["peak_ratio"] == pytest.approx(factor)
    assert found["local_change"] == pytest.approx(abs(factor - 1), rel=0.05, abs=1e-6)


@settings(max_examples=8, deadline=None)
@given(unit=st.floats(1e-3, 1e6))
def test_the_unit_changes_nothing(head: NDArray[np.float64], unit: float) -> None:
    spoilt = np.where(np.arange(40) < 20, head, 0)
    expected = compare_volumes(head, spoilt, VOXEL_MM)
    assert compare_volumes(unit * head, unit * spoilt, VOXEL_MM) == pytest.approx(expected, rel=1e-4)


def test_noise_that_restoring_removes_is_no_change_of_a_place_and_a_lost_side_is(
    head: NDArray[np.float64],
) -> None:
    clean = gaussian_filter(head, 1.5)
    assert compare_volumes(head, clean, VOXEL_MM)["local_change"] < 0.05
    clean[:32] = 0
    lost = compare_volumes(head, clean, VOXEL_MM)
    assert lost["local_change"] > 0.8
    assert lost["activity_ratio"] == pytest.approx(0.5, abs=0.05)


def test_a_spot_that_the_input_does_not_show_is_a_change_of_its_place(head: NDArray[np.float64]) -> None:
    spoilt = head.copy()
    spoilt[30:36, 30:36, 18:22] = 3 * head.max()
    found = compare_volumes(head, spoilt, VOXEL_MM)
    assert found["local_change"] > 0.3
    assert found["activity_ratio"] < 1.05


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused(head: NDArray[np.float64], wrong: float) -> None:
    with pytest.raises(RefusedSeries, match="nonfinite"):
        compare_volumes(head, np.where(head > 100, wrong, head), VOXEL_MM)


def test_an_input_that_shows_nothing_is_refused(head: NDArray[np.float64]) -> None:
    with pytest.raises(RefusedSeries, match="output_gate"):
        compare_volumes(np.zeros_like(head), head, VOXEL_MM)
