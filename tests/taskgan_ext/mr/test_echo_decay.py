"""T2 and the amplitude at echo time zero."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.mr.echo_decay import MAX_T2, MIN_T2, fit_decay

RECOVERY = np.array([-0.2, 0.1, 0.6, 0.9])


@pytest.mark.parametrize("times", [(0.0169, 0.0845), (0.02, 0.04, 0.06, 0.08, 0.1)], ids=["two", "five"])
@given(t2=st.floats(0.02, 2.5))
def test_exponential_is_recovered(times, t2):
    signal = RECOVERY[:, None] * np.exp(-np.array(times) / t2)
    found, amplitude = fit_decay(signal[None].astype(np.float32), times)
    assert found[0] == pytest.approx(t2, rel=2e-3)
    np.testing.assert_allclose(amplitude[0], RECOVERY, atol=1e-4)


def test_two_echoes_follow_the_closed_form():
    rng = np.random.default_rng(0)
    times = (0.0169, 0.0845)
    first = rng.normal(size=(20, 4))
    second = 0.4 * first + rng.normal(0, 0.02, (20, 4))
    found, amplitude = fit_decay(np.stack([first, second], axis=2), times)
    ratio = np.sum(second * first, axis=1) / np.sum(first**2, axis=1)
    rate = -np.log(ratio) / (times[1] - times[0])
    np.testing.assert_allclose(found, 1 / rate, rtol=1e-5)
    grow, ratio = np.exp(rate[:, None] * times), ratio[:, None]
    expected = (first * grow[:, :1] + ratio**2 * second * grow[:, 1:]) / (1 + ratio**2)
    np.testing.assert_allclose(amplitude, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("second", "expected"),
    [(1.2, MAX_T2), (-0.5, MIN_T2), (0.0, MIN_T2)],
    ids=["growing", "negative", "none"],
)
def test_t2_stays_within_its_range(second, expected):
    signal = np.stack([RECOVERY, second * RECOVERY], axis=1)[None]
    found, amplitude = fit_decay(signal, (0.0169, 0.0845))
    assert MIN_T2 * 0.999 <= found[0] <= MAX_T2 * 1.001
    assert abs(found[0] - expected) < 0.01
    assert np.isfinite(amplitude).all()


def test_empty_voxels_are_finite():
    found, amplitude = fit_decay(np.zeros((3, 4, 2), np.float32), (0.0169, 0.0845))
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(amplitude, np.zeros((3, 4), np.float32))
