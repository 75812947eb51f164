"""T1 and proton density at a known transmit field."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from taskgan_ext.mr.recovery_dictionary import RecoveryDictionary, parabola_peak
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal

SEQUENCE = MDMESequence()
DICTIONARY = RecoveryDictionary(SEQUENCE)


def recovery(t1, pd, b1):
    return mdme_signal(t1, np.inf, pd, SEQUENCE, b1)[..., 0]


@given(t1=st.floats(0.2, 6.0), b1=st.floats(0.6, 1.35), pd=st.floats(0.1, 5000))
def test_any_tissue_is_found_between_the_entries_of_the_table(t1, b1, pd):
    found_t1, found_pd = DICTIONARY.match(recovery([t1], pd, b1), np.float32([b1]))
    assert found_t1[0] == pytest.approx(t1, rel=0.005)
    assert found_pd[0] == pytest.approx(pd, rel=0.005)


def test_noisy_voxels_agree_with_a_least_squares_fit():
    rng = np.random.default_rng(0)
    b1 = np.float32(rng.uniform(0.8, 1.2, 12))
    noisy = recovery(rng.uniform(0.6, 2.0, 12), 1.0, b1) + np.float32(rng.normal(0, 0.02, (12, 4)))
    t1, pd = DICTIONARY.match(noisy, b1)
    for index in range(12):
        expected, _ = curve_fit(
            lambda _, t1, pd, b1=b1[index]: recovery(t1, pd, b1).astype(float),
            np.arange(4), noisy[index], p0=(1.0, 1.0), epsfcn=1e-6,
        )  # fmt: skip
        assert (t1[index], pd[index]) == pytest.approx(tuple(expected), rel=0.005)


def test_order_of_the_voxels_does_not_matter():
    rng = np.random.default_rng(0)
    b1 = np.float32(rng.uniform(0.5, 1.4, 300))
    amplitude = recovery(rng.uniform(0.3, 3, 300), 1.0, b1)
    shuffled = rng.permutation(300)
    for whole, part in zip(
        DICTIONARY.match(amplitude, b1), DICTIONARY.match(amplitude[shuffled], b1[shuffled]), strict=True
    ):
        np.testing.assert_allclose(part, whole[shuffled], rtol=1e-6)


def test_inverted_signal_has_no_proton_density():
    _, pd = DICTIONARY.match(-recovery([0.3], 1.0, 1.0), np.float32([1.0]))
    assert pd[0] >= 0


def test_peak_of_a_parabola_is_found_and_kept_within_one_step():
    positions = np.arange(-1, 2)
    tops = np.array([-0.4, 0.0, 0.3, 2.0, -3.0])
    found = parabola_peak(-((positions - tops[:, None]) ** 2))
    np.testing.assert_allclose(found, [-0.4, 0.0, 0.3, 1.0, -1.0])
    np.testing.assert_array_equal(parabola_peak(np.array([[0, 1, 2], [2, 1, 0], [1, 1, 1]])), [1, -1, 0])
