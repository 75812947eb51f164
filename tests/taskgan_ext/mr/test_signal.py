"""The equations against the values of the paper and a simulation of the magnetisation."""

import numpy as np
import pytest

from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import (
    IDEAL,
    MIN_T1,
    MIN_T2,
    SLICE_PROFILE,
    double_inversion_recovery,
    inversion_recovery,
    inversion_recovery_tse,
    mdme_signal,
    null_inversion_time,
    spin_echo,
    synthesise,
)

T1 = [0.3, 0.88, 1.36, 4.2]


def steady_state(t1, steps, repeats=400):
    """Longitudinal magnetisation before each pulse, after many rounds of (angle in degrees, wait in s)."""
    magnetisation, before = 1.0, []
    for _ in range(repeats):
        before = []
        for angle, wait in steps:
            before.append(magnetisation)
            magnetisation *= np.cos(np.deg2rad(angle))
            magnetisation = 1 + (magnetisation - 1) * np.exp(-wait / t1)
    return before


@pytest.mark.parametrize(
    ("t1", "expected"),
    [
        (0.30, [0.078, 0.757, 0.997, 1.000]),
        (0.88, [-0.265, 0.199, 0.828, 0.987]),
        (1.36, [-0.321, 0.022, 0.650, 0.940]),
        (4.20, [-0.256, -0.124, 0.234, 0.597]),
    ],
)
def test_mdme_signal_of_an_ideal_slice_has_known_values(t1, expected):
    signal = mdme_signal(t1, np.inf, 1.0, MDMESequence(), profile=IDEAL)
    np.testing.assert_allclose(signal, np.transpose([expected] * 2), atol=6e-4)


@pytest.mark.parametrize("profile", [IDEAL, SLICE_PROFILE], ids=["ideal slice", "real slice"])
@pytest.mark.parametrize("b1", [0.7, 1.0, 1.3])
def test_mdme_signal_is_the_simulated_magnetisation(profile, b1):
    sequence = MDMESequence(saturation_angle=115.0, excitation_angle=80.0)
    expected = np.zeros((len(T1), 4))
    for row, t1 in zip(expected, T1, strict=True):
        for angle, weight in zip(profile.angles, profile.weights, strict=True):
            saturation, excitation = 115 * angle * b1, 80 * angle * b1
            refocusing = np.deg2rad(180 * b1 * min(max(angle, 0.8), 1))
            for index, delay in enumerate(sequence.delays):
                steps = [(saturation, delay), (excitation, sequence.repetition_time - delay)]
                excited = steady_state(t1, steps)[1] * np.sin(np.deg2rad(excitation))
                row[index] += weight / sum(profile.weights) * excited * np.sin(refocusing / 2) ** 2
    decay = np.exp(-np.array(sequence.echo_times) / 0.08)
    np.testing.assert_allclose(
        mdme_signal(T1, 0.08, 2.0, sequence, b1, profile), 2 * expected[..., None] * decay, atol=2e-6
    )


@pytest.mark.parametrize("flip", [90.0, 60.0, 120.0])
@pytest.mark.parametrize("t1", T1)
def test_inversion_recovery_is_the_simulated_steady_state(t1, flip):
    tr, te, ti = 3.0, 0.03, 0.9
    before = steady_state(t1, [(180, ti), (flip, tr - ti)])[1]
    signal = inversion_recovery(t1, 0.1, 0.8, tr, te, ti, flip)
    assert signal == pytest.approx(0.8 * before * np.exp(-te / 0.1), abs=1e-6)


@pytest.mark.parametrize("flip", [90.0, 40.0])
@pytest.mark.parametrize("t1", T1)
def test_spin_echo_is_the_simulated_steady_state(t1, flip):
    before = steady_state(t1, [(flip, 0.65)])[0]
    assert spin_echo(t1, np.inf, 1, 0.65, 0.01, flip) == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("t1", T1)
def test_double_inversion_is_the_simulated_steady_state(t1):
    before = steady_state(t1, [(180, 3.0), (180, 0.45), (90, 11 - 3.45)])[2]
    assert double_inversion_recovery(t1, np.inf, 1, 11, 0.02, 3.0, 0.45) == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("t1", T1)
def test_turbo_spin_echo_is_the_simulated_steady_state(t1):
    # The train keeps the magnetisation at zero: it recovers from the train's end, TR - TI - train long.
    efficiency, ti, train, tr = 0.96, 2.2, 0.26, 9.0
    inversion = np.rad2deg(np.arccos(-efficiency))
    before = steady_state(t1, [(inversion, ti), (90, tr - ti - train)])[1]
    signal = inversion_recovery_tse(t1, np.inf, 1, tr, 0.1, ti, efficiency, train)
    assert signal == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("t1", T1)
def test_turbo_spin_echo_without_train_is_the_plain_inversion_recovery(t1):
    times = (t1, 0.1, 1, 9.0, 0.1, 2.2)
    np.testing.assert_allclose(inversion_recovery_tse(*times), inversion_recovery(*times), atol=1e-6)


@pytest.mark.parametrize(
    ("efficiency", "train", "expected"), [(1.0, 0.0, 2.445), (0.96, 0.26, 2.351)], ids=["ideal", "real"]
)
def test_null_inversion_time_of_csf(efficiency, train, expected):
    ti = float(null_inversion_time(4.2, 9.0, efficiency, train))
    assert ti == pytest.approx(expected, abs=5e-4)
    assert inversion_recovery_tse(4.2, 1.7, 1, 9.0, 0.1, ti, efficiency, train) == pytest.approx(0, abs=1e-6)


def test_synthesis_takes_the_equation_that_the_protocol_asks_for():
    t1, t2, pd = np.array(T1), np.array([0.05, 0.08, 0.1, 1.7]), np.array([0.9, 0.7, 0.8, 1.0])
    flair = inversion_recovery(t1, t2, pd, 9.0, 0.12, 1.5)
    np.testing.assert_array_equal(synthesise(t1, t2, pd, Protocol(5.0, 0.1)), spin_echo(t1, t2, pd, 5.0, 0.1))
    np.testing.assert_array_equal(synthesise(t1, t2, pd, Protocol(9.0, 0.12, 1.5), signed=True), flair)
    np.testing.assert_array_equal(synthesise(t1, t2, pd, Protocol(9.0, 0.12, 1.5)), np.abs(flair))
    assert flair[-1] < 0
    double = double_inversion_recovery(t1, t2, pd, 11.0, 0.1, 3.2, 0.6)
    assert double.min() < 0
    protocol = Protocol(11.0, 0.1, 3.2)
    np.testing.assert_array_equal(synthesise(t1, t2, pd, protocol, second_inversion_time=0.6), np.abs(double))


def test_synthesis_of_empty_voxels_is_zero_and_finite():
    image = synthesise(np.zeros((3, 2)), np.zeros((3, 2)), np.zeros((3, 2)), Protocol(9.0, 0.12, 2.47))
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, np.zeros((3, 2)))


def test_synthesis_raises_relaxation_times_to_their_minimum():
    protocol = Protocol(0.65, 0.01)
    assert synthesise(0.001, 0.001, 1, protocol) == spin_echo(MIN_T1, MIN_T2, 1, 0.65, 0.01)


def test_maps_of_any_shape_broadcast():
    signal = mdme_signal(np.full((4, 1, 2), 1.0), np.full((3, 1), 0.1), 1.0, MDMESequence(), np.ones(2))
    assert signal.shape == (4, 3, 2, 4, 2)
    assert signal.dtype == np.float32
