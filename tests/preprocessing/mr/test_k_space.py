import numpy as np
import pytest

from preprocessing.mr.k_space import apply_filter, displacement, echo_train_decay, truncation

SIZE = (32, 24)


@pytest.fixture
def slices():
    draws = np.random.default_rng(0).standard_normal((*SIZE, 3, 2)).astype(np.float32)
    return draws.view(np.complex64)[..., 0]


def test_a_displacement_by_whole_voxels_rolls_the_slice(slices):
    moved = apply_filter(slices, displacement(SIZE, (2, -3)))
    np.testing.assert_allclose(moved, np.roll(slices, (2, -3), axis=(0, 1)), atol=1e-5)


@pytest.mark.parametrize("weights", [truncation(SIZE), echo_train_decay(SIZE, 0.25)])
def test_filters_keep_the_mean_and_take_from_the_edge_of_k_space(slices, weights):
    filtered = apply_filter(slices, weights)
    np.testing.assert_allclose(filtered.mean(axis=(0, 1)), slices.mean(axis=(0, 1)), atol=1e-5)
    assert weights[0, SIZE[1] // 2] < 0.8


def test_truncation_rings_at_an_edge():
    step = np.zeros((*SIZE, 1), dtype=np.complex64)
    step[8:24] = 1
    ringing = apply_filter(step, truncation(SIZE)).real
    assert ringing.max() > 1.02
    assert ringing.min() < -0.02


def test_an_echo_train_blurs_along_y_only():
    point = np.zeros((*SIZE, 1), dtype=np.complex64)
    point[16, 12] = 1
    blurred = np.abs(apply_filter(point, echo_train_decay(SIZE, 0.25)))[..., 0]
    assert blurred[16, 13] > 1e-3
    assert blurred[17, 12] < 1e-6
