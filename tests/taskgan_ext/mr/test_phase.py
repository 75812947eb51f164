"""Signs come back from phase and from magnitude, and wrong ones are named."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from taskgan_ext.errors import DataError
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.phase import align_phase, check_polarity, restore_polarity, signed_image
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal

SIGMA = 0.7 * 0.85 / 45


def smooth_phase(shape, seed):
    """Phase in rad that winds slowly over the slice, with another offset for each echo."""
    rng = np.random.default_rng(seed)
    waves = gaussian_filter(rng.standard_normal((*shape, 2)), (18, 18, 0, 0))
    phase = 1.2 * waves / waves.std() + rng.uniform(-np.pi, np.pi, 2)
    return phase[..., None, :]


def changed_signs(found, truth):
    """Share of values beyond noise whose sign differs."""
    clear = np.abs(truth) > 3 * SIGMA
    return np.mean(np.sign(found[clear]) != np.sign(truth[clear]))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_alignment_gives_back_the_signs_below_a_smooth_phase_and_noise(head, seed):
    signal = head.noisy(45) * np.exp(1j * smooth_phase(head.labels.shape, seed))
    signed = align_phase(signal)
    assert signed.dtype == np.float32
    inside = head.labels >= 0
    assert changed_signs(signed[inside], head.signal[inside]) < 1e-3
    assert np.std((signed - head.signal)[inside]) < 1.3 * SIGMA
    check_polarity(signed)


def test_alignment_does_not_turn_noise_into_its_magnitude():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2, 64, 64, 2, 4, 2))
    signed = align_phase(noise[0] + 1j * noise[1])
    # Projected on the phase of itself it would have a mean of 1.25.
    assert signed[..., -1, 0].mean() < 0.8


def test_empty_images_stay_empty():
    assert not align_phase(np.zeros((8, 8, 1, 4, 2), np.complex64)).any()


@pytest.mark.parametrize("snr", [10, 45, 1e6])
def test_right_polarity_passes(head, snr):
    check_polarity(head.noisy(snr).real)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda signed: signed[..., ::-1, :], "not the brightest, delay 1 of 4 is: wrong order"),
        (lambda signed: signed[..., [0, 1, 3, 2], :], "not the brightest, delay 3 of 4 is: wrong order"),
        (lambda signed: signed[..., [1, 0, 2, 3], :], "falls from delay 1 to 2 in .*wrong order"),
        (lambda signed: signed[..., [0, 2, 1, 3], :], "falls from delay 2 to 3 in .*wrong order"),
        (lambda signed: -signed, "longest delay is negative in 100% of the head: inverted polarity"),
        (np.abs, "lost polarity, as in magnitude images"),
        (lambda signed: signed * np.array([[1], [1], [-1], [1]]), "falls from delay 2 to 3"),
        (np.zeros_like, "expected voxels with signal, found none"),
    ],
    ids=["reversed", "last two", "first two", "middle", "inverted", "magnitude", "one sign", "empty"],
)
def test_wrong_polarity_is_named(head, spoil, reason):
    with pytest.raises(DataError, match=reason):
        check_polarity(spoil(head.noisy(45).real))


def test_reversed_delays_are_noticed_after_alignment(head):
    signal = head.noisy(45) * np.exp(1j * smooth_phase(head.labels.shape, 1))
    with pytest.raises(DataError, match="wrong order of the delays"):
        check_polarity(align_phase(signal[..., ::-1, :]))


def test_flowing_csf_does_not_trip_the_check(head):
    signed = head.noisy(45).real.copy()
    rng = np.random.default_rng(0)
    csf = head.labels == 2
    signed[csf] += 0.6 * rng.uniform(0, 1, (csf.sum(), 4, 1)).astype(np.float32)
    check_polarity(signed)


def test_weak_transmit_field_without_negative_voxels_passes(make_head):
    signed = make_head(-0.4).noisy(45).real
    assert (signed[..., 0, 0] < -4 * SIGMA).mean() < 1e-3
    check_polarity(signed)


@pytest.mark.parametrize("b1_shift", [-0.2, 0.0, 0.15])
def test_polarity_comes_back_from_magnitudes(make_head, b1_shift):
    head = make_head(b1_shift)
    restored = restore_polarity(np.abs(head.noisy(45)), head.sequence, head.voxel_mm)
    inside = head.labels >= 0
    assert changed_signs(restored[inside], head.signal[inside]) < 1e-4
    check_polarity(restored)


def test_restored_image_differs_from_magnitudes_in_signs_only(head):
    magnitude = np.abs(head.noisy(45))
    restored = restore_polarity(magnitude, head.sequence, head.voxel_mm)
    np.testing.assert_array_equal(np.abs(restored), magnitude)
    np.testing.assert_array_equal(restored[..., 0] < 0, restored[..., 1] < 0)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda magnitude: magnitude[..., ::-1, :], "wrong order of the delays"),
        (lambda magnitude: magnitude[..., [0, 2, 1, 3], :], "no recovery explains"),
        (lambda magnitude: magnitude[..., 1:, :], "four delays or more are needed.*these are 3"),
    ],
    ids=["reversed", "middle", "three"],
)
def test_magnitudes_that_fit_no_recovery_are_refused(head, spoil, reason):
    with pytest.raises(DataError, match=f"magnitude images: .*{reason}"):
        restore_polarity(spoil(np.abs(head.noisy(45))), head.sequence, head.voxel_mm)


@pytest.mark.parametrize("snr", [3, 4])
def test_magnitudes_below_the_noise_are_refused(head, snr):
    with pytest.raises(DataError, match="too much noise"):
        restore_polarity(np.abs(head.noisy(snr)), head.sequence, head.voxel_mm)


@pytest.mark.parametrize(
    ("t1", "b1", "snr", "reason"),
    [(0.37, 1.1, 20, "transmit fields of .* explain them equally well"), (4.2, 1.2, 10, "either sign fits")],
    ids=["field", "sign"],
)
def test_magnitudes_of_one_tissue_that_do_not_tell_the_signs_are_refused(t1, b1, snr, reason):
    signal = mdme_signal(np.full((40, 40, 2), t1), 0.08, 0.7, MDMESequence(), b1)
    noise = np.random.default_rng(0).normal(0, 0.6 / snr, (2, *signal.shape))
    with pytest.raises(DataError, match=f"{reason}; export phase, or real and imaginary images"):
        restore_polarity(np.abs(signal + noise[0] + 1j * noise[1]), MDMESequence(), (1.0, 1.0, 5.0))


def test_pure_noise_is_refused():
    noise = np.abs(np.random.default_rng(0).normal(size=(64, 64, 2, 4, 2))).astype(np.float32)
    with pytest.raises(DataError, match="MDME polarity of magnitude images"):
        restore_polarity(noise, MDMESequence())


@pytest.mark.parametrize("kind", ["complex", "magnitude", "signed"])
def test_every_kind_of_image_becomes_signed(head, kind):
    signal = {
        "complex": head.noisy(45) * 1j,
        "magnitude": np.abs(head.noisy(45)),
        "signed": head.noisy(45).real,
    }
    image = MDMEImage(signal[kind], kind, np.diag([2.0, 2.0, 5.0, 1.0]), head.sequence, source="scan")
    signed = signed_image(image)
    assert signed.kind == "signed"
    assert signed.signal.dtype == np.float32
    inside = head.labels >= 0
    assert changed_signs(signed.signal[inside], head.signal[inside]) < 1e-3


def test_wrong_polarity_names_the_source(head):
    image = MDMEImage(-head.signal, "signed", np.eye(4), head.sequence, source="scan 7")
    with pytest.raises(DataError, match=r"scan 7: MDME polarity: .*inverted polarity"):
        signed_image(image)
