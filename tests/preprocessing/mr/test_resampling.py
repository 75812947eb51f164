import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell_head import grid_points, make_affine, move, rigid_matrix

from preprocessing.mr.resampling import resample, resample_labels
from preprocessing.mr.volume import Volume, itk_transform, ras_matrix

angles = st.tuples(*[st.floats(-30, 30)] * 3)


def wave(points):
    x, y, z = np.moveaxis(points, -1, 0)
    return (2 + np.sin(x / 7) * np.cos(y / 8) + 0.3 * np.sin(z / 9)).astype(np.float32)


def make_volume(shape, spacing, degrees=0.0):
    affine = make_affine(spacing, shape, degrees)
    return Volume(wave(grid_points(affine, shape)), affine)


@given(angles, angles)
def test_a_matrix_survives_the_way_through_itk(degrees, shift):
    matrix = rigid_matrix(degrees, shift)
    np.testing.assert_allclose(ras_matrix(itk_transform(matrix)), matrix, atol=1e-9)


def test_a_scan_on_the_same_grid_is_left_as_it_is():
    volume = make_volume((20, 22, 8), (2, 2, 5))
    np.testing.assert_allclose(resample(volume, volume, np.eye(4)), volume.data, atol=1e-4)


def test_a_moved_scan_on_a_turned_grid_comes_back():
    fixed = make_volume((20, 22, 10), (2.0, 2.0, 3.0))
    true = rigid_matrix((2, -3, 4), (1.5, -2, 1))
    scan = make_volume((50, 50, 40), (1.5, 1.5, 2.0), degrees=20)
    places = move(grid_points(scan.affine, scan.data.shape), np.linalg.inv(true))
    found = resample(Volume(wave(places), scan.affine), fixed, true)
    np.testing.assert_allclose(found, fixed.data, atol=0.03)


def test_linear_sampling_agrees_with_the_image():
    volume = make_volume((30, 32, 20), (1.5, 1.5, 2.0), degrees=10)
    points = np.random.default_rng(0).uniform(-12, 12, (500, 3))
    np.testing.assert_allclose(volume.sample(points), wave(points), atol=0.03)


def test_sampling_after_a_movement_is_sampling_of_moved_points():
    volume = make_volume((30, 32, 20), (1.5, 1.5, 2.0), degrees=10)
    points = np.random.default_rng(0).uniform(-30, 30, (500, 3))
    matrix = rigid_matrix((3, -2, 5), (4, 1, -3))
    moved = move(points, matrix)
    values, inside = volume.sample_moved(points, matrix)
    np.testing.assert_array_equal(inside, volume.covers(moved))
    assert 0 < inside.sum() < 500
    np.testing.assert_allclose(values, volume.sample(moved)[inside], atol=1e-9)


def test_thin_slices_are_averaged_over_a_thick_one():
    fixed = make_volume((8, 8, 4), (2, 2, 6))
    scan = make_volume((10, 10, 40), (2, 2, 1))
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, scan.data.shape).astype(np.float32)
    found = resample(Volume(1 + noise, scan.affine), fixed, np.eye(4))
    assert found.std() < 0.06


def test_nothing_is_negative_and_nothing_is_invented_outside():
    fixed = make_volume((30, 30, 6), (2, 2, 5))
    scan = make_volume((15, 15, 12), (2.1, 2.1, 5))
    edges = np.where(scan.data > 2, 1000, 0).astype(np.float32)
    found = resample(Volume(edges, scan.affine), fixed, np.eye(4))
    assert found.min() == 0
    assert not found[0].any()


def test_labels_go_to_the_nearest_voxel():
    fixed = make_volume((20, 20, 6), (2, 2, 5))
    fine = make_volume((40, 40, 30), (1, 1, 1))
    labels = Volume((fine.data > 2).astype(np.float32) * 7, fine.affine)
    found = resample_labels(labels, fixed, np.eye(4))
    assert found.dtype == bool
    assert np.mean(found == (fixed.data > 2)) > 0.9


@pytest.mark.parametrize(("shape", "spacing"), [((20, 22, 8), (2, 2, 5.1)), ((20, 22, 9), (2, 2, 5))])
def test_another_grid_is_told(shape, spacing):
    volume = make_volume((20, 22, 8), (2, 2, 5))
    assert volume.same_grid(Volume(volume.data + 1, volume.affine + 1e-4))
    assert not volume.same_grid(make_volume(shape, spacing))
