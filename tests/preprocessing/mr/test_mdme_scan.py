from dataclasses import replace

import numpy as np
import pytest

from preprocessing.mr.anatomy import Anatomy
from preprocessing.mr.effects import Effects
from preprocessing.mr.mdme_scan import NOISE_REFERENCE, scan_mdme
from preprocessing.mr.tissues import CSF, TISSUES, WM
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import IDEAL, mdme_signal

SEQUENCE = MDMESequence()
SHAPE = (40, 48, 3)
NONE = Effects.none()


@pytest.fixture(scope="module")
def anatomy():
    """Each tissue in a block of its own, air about them."""
    fractions = np.zeros((9, *SHAPE), dtype=np.float32)
    for index in range(9):
        x, y = 4 + 11 * (index // 3), 6 + 13 * (index % 3)
        fractions[index, x : x + 9, y : y + 11] = 1
    inflow = np.float32(0.02) * fractions[CSF]
    return Anatomy(fractions, inflow, np.diag([4.0, 4.0, 4.0, 1.0]), 1, {})


def scan(anatomy, effects, seed=0, texture=0.0):
    textures = np.full((2, *SHAPE), texture, dtype=np.float32)
    return scan_mdme(anatomy, TISSUES, textures, SEQUENCE, effects, np.random.default_rng(seed))


def test_without_effects_pure_voxels_have_the_signal_of_the_equations(anatomy):
    images = scan(anatomy, NONE)
    assert images.shape == (*SHAPE, 4, 2)
    assert images.dtype == np.complex64
    for index, tissue in enumerate(TISSUES.values()):
        expected = mdme_signal(tissue.t1, tissue.t2, tissue.pd, SEQUENCE, profile=IDEAL)
        inside = images[anatomy.fractions[index] == 1]
        np.testing.assert_allclose(inside, np.broadcast_to(expected, inside.shape), atol=1e-6)
    assert np.abs(images[anatomy.fractions.sum(axis=0) == 0]).max() == 0


def test_signals_of_a_mixed_voxel_add_up(anatomy):
    half = replace(anatomy, fractions=0.5 * (anatomy.fractions + np.roll(anatomy.fractions, 1, axis=0)))
    rolled = replace(anatomy, fractions=np.roll(anatomy.fractions, 1, axis=0))
    expected = (scan(anatomy, NONE) + scan(rolled, NONE)) / 2
    np.testing.assert_allclose(scan(half, NONE), expected, atol=1e-6)


@pytest.mark.parametrize("snr", [20.0, 45.0])
def test_noise_is_at_its_level_in_both_components(anatomy, snr):
    images = scan(anatomy, Effects(snr=snr))
    air = images[anatomy.fractions.sum(axis=0) == 0]
    quiet = scan(anatomy, replace(Effects(), snr=0.0))[anatomy.fractions.sum(axis=0) == 0]
    level = NOISE_REFERENCE / snr
    assert (air - quiet).real.std() == pytest.approx(level, rel=0.02)
    assert (air - quiet).imag.std() == pytest.approx(level, rel=0.02)


def test_phase_changes_no_magnitude(anatomy):
    plain, turned = scan(anatomy, NONE), scan(anatomy, replace(NONE, phase=True))
    np.testing.assert_allclose(np.abs(turned), np.abs(plain), atol=1e-5)
    assert np.abs(np.angle(turned[anatomy.fractions[WM] == 1])).std() > 0.1


def test_bias_is_common_to_all_images(anatomy):
    plain, shaded = scan(anatomy, NONE), scan(anatomy, replace(NONE, receive_bias=True))
    ratio = (shaded / np.where(plain == 0, 1, plain)).real[anatomy.fractions.sum(axis=0) == 1]
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1, :1], ratio.shape), rtol=1e-4)
    assert ratio.std() > 0.02


def test_the_transmit_field_acts_like_another_b1(anatomy):
    images = scan(anatomy, replace(NONE, transmit_field=True)).real
    white, one = images[anatomy.fractions[WM] == 1], TISSUES["WM"]
    grid = np.linspace(0.6, 1.35, 151)
    table = mdme_signal(one.t1, one.t2, one.pd, SEQUENCE, grid, IDEAL)
    misfit = np.abs(white[:, None] - table[None]).max(axis=(2, 3)).min(axis=1)
    assert misfit.max() < 0.01
    assert white[:, 0, 0].std() > 0.005


def test_flow_brings_fresh_fluid_and_empties_vessels(anatomy):
    still, flowing = scan(anatomy, NONE).real, scan(anatomy, replace(NONE, flow=True)).real
    fluid, blood = anatomy.fractions[CSF] == 1, anatomy.fractions[8] == 1
    assert (flowing[fluid][:, 0, 0] > still[fluid][:, 0, 0]).all()
    # It differs between dynamics: the ratio of two delays is not the same everywhere.
    assert (flowing[fluid][:, 0, 0] - flowing[fluid][:, 1, 0]).std() > 1e-3
    assert np.abs(flowing[blood]).max() < 0.5 * np.abs(still[blood]).max()
    np.testing.assert_array_equal(flowing[anatomy.fractions[WM] == 1], still[anatomy.fractions[WM] == 1])


def test_texture_lengthens_relaxation_times(anatomy):
    longer = scan(anatomy, NONE, texture=0.05).real[anatomy.fractions[WM] == 1]
    one = TISSUES["WM"]
    expected = mdme_signal(1.05 * one.t1, 1.05 * one.t2, one.pd, SEQUENCE, profile=IDEAL)
    np.testing.assert_allclose(longer, np.broadcast_to(expected, longer.shape), atol=3e-3)


def test_motion_moves_dynamics_against_each_other(anatomy):
    moved = scan(anatomy, replace(NONE, motion_sd=2.0))
    for delay in range(4):
        assert not np.allclose(moved[..., delay, :], scan(anatomy, NONE)[..., delay, :], atol=1e-3)
    np.testing.assert_allclose(moved.sum(axis=(0, 1)), scan(anatomy, NONE).sum(axis=(0, 1)), atol=1e-2)
