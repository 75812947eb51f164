import numpy as np
import pytest
from scipy import ndimage

from preprocessing.pet.grid import Grid, brain_grid, resample_linear, resample_nearest
from preprocessing.pet.scanner import Scanner

SOURCE = Grid((11, 9, 7), (2.0, 2.0, 2.0), (0.0, -18.0, 8.0))
TARGET = Grid((20, 14, 5), (1.3, 1.7, 2.78), (1.0, -17.0, 7.0))


def indices_in_source(grid):
    homogeneous = np.concatenate([grid.coordinates().reshape(3, -1), np.ones((1, np.prod(grid.shape)))])
    return (np.linalg.inv(SOURCE.affine) @ homogeneous)[:3].reshape(3, *grid.shape)


def test_affine_maps_the_middle_voxel_to_the_centre():
    middle = (np.array([*SOURCE.shape, 3]) - 1) / 2
    middle[3] = 1
    np.testing.assert_allclose(SOURCE.affine @ middle, [*SOURCE.centre, 1])
    np.testing.assert_allclose(SOURCE.index(SOURCE.coordinates()), np.indices(SOURCE.shape), atol=1e-5)


def test_linear_resampling_agrees_with_scipy():
    volume = np.random.default_rng(0).random(SOURCE.shape, dtype=np.float32)
    expected = ndimage.map_coordinates(
        volume, indices_in_source(TARGET), order=1, mode="grid-constant", cval=0
    )
    result = resample_linear(volume, SOURCE, TARGET)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_nearest_resampling_agrees_with_scipy():
    volume = np.random.default_rng(0).integers(1, 30, SOURCE.shape, dtype=np.uint8)
    index = np.rint(indices_in_source(TARGET))
    expected = ndimage.map_coordinates(volume, index, order=0, mode="constant", cval=0)
    result = resample_nearest(volume, SOURCE, TARGET)
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("num_slices", [1, 6, 48])
def test_simulated_and_reconstructed_images_cover_the_same_field(num_slices):
    scanner = Scanner()
    fine = brain_grid(scanner.simulation_grid, num_slices, 2.78)
    coarse = brain_grid(scanner.reconstruction_grid, num_slices, 2.78)
    assert fine.centre == coarse.centre
    for dim in range(3):
        assert fine.shape[dim] * fine.spacing[dim] == pytest.approx(coarse.shape[dim] * coarse.spacing[dim])
    np.testing.assert_allclose(fine.axis(2), coarse.axis(2))


def test_default_block_reaches_from_the_cerebellum_to_the_vertex():
    z = brain_grid(Scanner().reconstruction_grid, 48, 2.78).axis(2)
    assert z[0] < -55
    assert z[-1] > 70
