"""A fit with wrong times is told from one with right times, whatever the noise."""

from dataclasses import replace

import numpy as np
import pytest

from taskgan_ext.mr.fit import fit_maps
from taskgan_ext.mr.fit_quality import FitQuality, measure_fit
from taskgan_ext.mr.relaxation_maps import Maps
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal


def quality(head, snr, **times):
    """Of a fit with other times than those of the images, in the brain."""
    sequence = replace(head.sequence, **times)
    signed = np.asarray(head.noisy(snr).real, np.float32)
    maps = fit_maps(signed, sequence, head.voxel_mm)
    return measure_fit(signed, sequence, maps, (head.labels >= 0) & (head.labels < 5))


@pytest.mark.parametrize("snr", [7, 10, 20, 45, 1e6])
def test_right_times_are_never_refused(head, snr):
    found = quality(head, snr)
    assert found.fault() == ""
    assert snr < 10 or found.doubts() == []


@pytest.mark.parametrize("b1_shift", [-0.3, 0.15])
def test_right_times_pass_at_any_transmit_field(make_head, b1_shift):
    assert quality(make_head(b1_shift), 45).fault() == ""


@pytest.mark.parametrize("snr", [10, 45])
def test_wrong_delays_are_refused(head, snr):
    found = quality(head, snr, delays=(1.5, 2.0, 2.5, 3.0))
    assert "no T1, T2 and transmit field explain" in found.fault()


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ({"delays": (0.1, 0.2, 0.3, 0.4)}, "unexplained"),
        ({"delays": (0.0146, 0.0546, 0.1879, 0.3879)}, "median T1 of the brain is 0.18 s"),
        ({"delays": (0.4, 0.8, 2.0, 3.6)}, "median B1 of the brain is 1.3"),
        ({"echo_times": (0.05, 0.25)}, "median T2 of the brain is 0.2"),
    ],
    ids=["early", "a tenth", "slice count", "echoes"],
)
def test_times_that_almost_fit_raise_doubts(head, times, reason):
    assert reason in "; ".join(quality(head, 45, **times).doubts())


def test_maps_that_run_to_the_limit_are_refused():
    assert "T1 runs to the limit" in FitQuality(0, 0.6, 0, 1, 0.1, 1).fault()
    assert "T2 runs to the limit" in FitQuality(0, 0, 0.6, 1, 0.1, 1).fault()


def test_exact_maps_leave_nothing():
    sequence = MDMESequence()
    t1, t2, pd = np.full((3, 8, 8, 2), [[[[1.0]]], [[[0.08]]], [[[0.7]]]], np.float32)
    signed = mdme_signal(t1, t2, pd, sequence)
    everywhere = np.ones(t1.shape, bool)
    found = measure_fit(signed, sequence, Maps(t1, t2, pd, np.ones_like(t1)), everywhere)
    assert found.misfit < 1e-10
    assert found.to_dict() == {
        "misfit": 0.0,
        "t1_at_end": 0.0,
        "t2_at_end": 0.0,
        "median_t1": 1.0,
        "median_t2": 0.08,
        "median_b1": 1.0,
    }


def test_a_brain_without_fitted_voxels_is_refused():
    nothing = np.zeros((4, 4, 2), np.float32)
    signed = np.zeros((4, 4, 2, 4, 2), np.float32)
    found = measure_fit(signed, MDMESequence(), Maps(*[nothing] * 4), np.ones(nothing.shape, bool))
    assert found.fault()
