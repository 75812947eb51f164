"""The number of negative delays and the transmit field, from magnitudes."""

import numpy as np
import pytest

from taskgan_ext.mr.magnitude_recovery import FIELDS, MagnitudeRecovery, search_field
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal

SEQUENCE = MDMESequence()
TABLE = MagnitudeRecovery(SEQUENCE)


def recovery(t1, b1):
    return mdme_signal(t1, np.inf, 1.0, SEQUENCE, b1)[..., 0]


@pytest.mark.parametrize("b1", [0.74, 1.02, 1.22])
def test_misfit_vanishes_at_the_true_field_only(b1):
    misfit = TABLE.misfit(np.abs(recovery(np.linspace(0.6, 2, 50), b1))).mean(axis=0)
    assert FIELDS[misfit.argmin()] == pytest.approx(b1)
    assert misfit.min() < 1e-3 * np.median(misfit)


@pytest.mark.parametrize("b1", [0.75, 1.0, 1.25])
def test_true_number_of_negative_delays_fits_best(b1):
    t1 = np.array([0.4, 0.88, 1.2, 1.7, 4.2])
    signed = recovery(t1, b1)
    by_sign = TABLE.misfit_by_sign(np.abs(signed), np.full(5, b1))
    np.testing.assert_array_equal(by_sign.argmin(axis=1), np.sum(signed < 0, axis=1))


def test_numbers_of_negative_delays_that_cannot_be_are_infinite():
    by_sign = TABLE.misfit_by_sign(np.abs(recovery([1.0], 0.7)), np.array([0.7]))
    assert np.isfinite(by_sign[0, 0])
    assert np.isinf(by_sign[0, 3:]).all()


def test_smooth_field_is_found_and_outlasts_a_region_of_one_tissue():
    rng = np.random.default_rng(0)
    shape = (80, 80, 3)
    t1 = rng.choice([0.88, 1.12, 1.36, 1.6], shape)
    t1[:20] = 0.37  # fat fits at any field
    b1 = np.broadcast_to(1.1 - 0.2 * np.linspace(-1, 1, 80)[:, None, None] ** 2, shape)
    noise = np.random.default_rng(1).normal(0, 0.02, (*shape, 4))
    misfit = TABLE.misfit(np.abs(recovery(t1, b1) + noise).astype(np.float32).reshape(-1, 4))
    found = search_field(misfit, np.ones(shape, bool), (2.0, 2.0, 5.0)).reshape(shape)
    np.testing.assert_allclose(found[20:], b1[20:], atol=0.06)
    np.testing.assert_allclose(found, b1, atol=0.15)
