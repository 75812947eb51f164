import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shell_head import rigid_matrix

from preprocessing.mr.tissue_grid import plan_grid
from preprocessing.mr.volume import transform_points

OBLIQUE = rigid_matrix((12, -7, 20), (5, -8, 30))


def make(spacing, shape):
    affine = OBLIQUE @ np.diag([*spacing, 1.0])
    rng = np.random.default_rng(0)
    brain = np.zeros(shape, dtype=bool)
    brain[tuple(slice(size // 4, -(size // 4)) for size in shape)] = True
    return affine, brain, (rng.random(shape) * brain).astype(np.float32)


def centre_of_mass(volume, affine):
    index = np.moveaxis(np.indices(volume.shape), 0, -1).reshape(-1, 3)
    return np.average(transform_points(index.astype(float), affine), axis=0, weights=volume.ravel())


@settings(max_examples=15, deadline=None)
@given(
    spacing=st.tuples(*[st.floats(0.8, 3.0)] * 2, st.floats(0.8, 6.0)),
    resolution=st.sampled_from([2.0, 4.0, None]),
    slice_mm=st.sampled_from([2.0, 4.0]),
)
def test_neither_amount_nor_place_is_lost(spacing, resolution, slice_mm):
    affine, brain, volume = make(spacing, (30, 34, 16))
    grid = plan_grid(brain, affine, resolution, slice_mm)
    average = grid.average(volume)
    assert average.shape == grid.shape
    before, after = (abs(np.linalg.det(a[:3, :3])) for a in (affine, grid.affine))
    assert average.sum(dtype=np.float64) * after == pytest.approx(
        volume.sum(dtype=np.float64) * before, rel=1e-4
    )
    np.testing.assert_allclose(centre_of_mass(average, grid.affine), centre_of_mass(volume, affine), atol=0.2)


def test_whole_multiples_are_means_of_blocks():
    affine, brain, volume = make((1.0, 1.0, 1.0), (40, 40, 16))
    grid = plan_grid(brain, affine, 2.0, 4.0)
    blocks = volume[10:30, 10:30, 4:12].reshape(10, 2, 10, 2, 2, 4).mean(axis=(1, 3, 5))
    average = grid.average(volume)
    np.testing.assert_allclose(average[59:69, 59:69], blocks, rtol=1e-5)
    assert np.count_nonzero(average) == np.count_nonzero(blocks)


def test_native_voxels_are_kept_and_slices_without_brain_are_not():
    affine, brain, volume = make((0.7, 0.7, 3.0), (20, 24, 12))
    grid = plan_grid(brain, affine, None, 4.0)
    assert grid.shape == (20, 24, 6)
    np.testing.assert_allclose(grid.affine @ [0, 0, 0, 1], affine @ [0, 0, 3, 1])
    np.testing.assert_allclose(grid.average(volume), volume[..., 3:9], rtol=1e-5)


@pytest.mark.parametrize(("thickness", "expected"), [(1.0, 4.0), (3.0, 4.0), (4.0, 4.0), (6.0, 6.0)])
def test_slices_are_as_thick_as_asked_unless_those_of_the_scan_are_thicker(thickness, expected):
    affine, brain, _ = make((1.0, 1.0, thickness), (20, 24, 16))
    grid = plan_grid(brain, affine, 2.0, 4.0)
    assert grid.size[2] == pytest.approx(expected)
    assert grid.shape[:2] == (128, 128)
    assert grid.shape[2] * grid.size[2] >= 8 * thickness - 1e-9
