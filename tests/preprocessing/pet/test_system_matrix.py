"""The projector against closed forms, a dense referee and scikit-image."""

import numpy as np
import pytest
import torch
from scipy.special import erf
from skimage.transform import iradon

from preprocessing.pet.scanner import ImageGrid, Scanner
from preprocessing.pet.stack import stack_to_volume, to_event_order
from preprocessing.pet.system_matrix import build_system_matrix


def angles(scanner: Scanner) -> np.ndarray:
    return (np.arange(scanner.num_angles) + 0.5) * np.pi / scanner.num_angles


def positions(scanner: Scanner) -> np.ndarray:
    return (np.arange(scanner.num_bins) - (scanner.num_bins - 1) / 2) * scanner.bin_size


def dense_matrix(scanner: Scanner, grid: ImageGrid) -> np.ndarray:
    """Joseph's method line by line, with the textbook interpolation: (tof, angle, bin, pixel)."""
    n, voxel, half = grid.size, grid.voxel_size, (grid.size - 1) / 2
    matrix = np.zeros((scanner.num_tof_bins, scanner.num_angles, scanner.num_bins, n, n))
    edges = (np.arange(scanner.num_tof_bins + 1) - scanner.num_tof_bins / 2) * scanner.tof_bin_size
    for a, theta in enumerate(angles(scanner)):
        c, s = np.cos(theta), np.sin(theta)
        for b, position in enumerate(positions(scanner)):
            for k in range(n):
                step = (k - half) * voxel
                along_y = abs(c) >= abs(s)
                other = (position - step * s) / c if along_y else (position - step * c) / s
                index = other / voxel + half
                low = int(np.floor(index))
                for i, weight in ((low, 1 - (index - low)), (low + 1, index - low)):
                    if not 0 <= i < n:
                        continue
                    iy, ix = (k, i) if along_y else (i, k)
                    x, y = (ix - half) * voxel, (iy - half) * voxel
                    if x * x + y * y > (n * voxel / 2) ** 2:
                        continue
                    t = -x * s + y * c
                    tof = 0.5 * np.diff(erf((edges - t) / (np.sqrt(2) * scanner.tof_sigma)))
                    tof[tof < 2e-3] = 0
                    matrix[:, a, b, iy, ix] += weight * voxel / max(abs(c), abs(s)) * tof
    return matrix.reshape(scanner.num_tof_bins, scanner.num_angles, scanner.num_bins, n * n)


@pytest.mark.parametrize("voxel_size", [18.72, 9.36], ids=["pixel = bin", "pixel = half a bin"])
def test_projection_equals_textbook_joseph_with_erf_tof_weights(voxel_size):
    grid = ImageGrid(8, voxel_size)
    scanner = Scanner(num_angles=12, num_bins=10, bin_size=18.72, num_subsets=3)
    matrix = build_system_matrix(scanner, grid)
    ours = to_event_order(matrix.project(torch.eye(grid.num_pixels)))  # columns of the matrix as slices
    expected = dense_matrix(scanner, grid).transpose(3, 0, 1, 2)
    np.testing.assert_allclose(ours.numpy(), expected, atol=2e-6 * expected.max())


def test_backprojection_is_the_adjoint_of_projection(small_scanner):
    matrix = build_system_matrix(small_scanner, small_scanner.reconstruction_grid)
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(matrix.grid.num_pixels, 26, generator=generator)  # more than one block of columns
    y = torch.rand(matrix.num_subsets, *matrix.shape, 26, generator=generator)
    left = (matrix.project(x).double() * y.double()).sum()
    right = (x.double() * matrix.backproject(y).double()).sum()
    assert abs(left - right) / left <= 1e-6


def test_adjoint_tof_sum_backprojects_data_equal_in_all_tof_bins(small_scanner):
    matrix = build_system_matrix(small_scanner, small_scanner.reconstruction_grid)
    rays = torch.rand(*matrix.shape[1:], 1, generator=torch.Generator().manual_seed(1))
    full = matrix.adjoint[2] @ rays.expand(*matrix.shape, 1).reshape(-1, 1)
    torch.testing.assert_close(matrix.adjoint_tof_sum[2] @ rays.reshape(-1, 1), full, rtol=1e-5, atol=1e-4)


def test_tof_bins_sum_to_the_line_integral(small_scanner, disk):
    grid = small_scanner.reconstruction_grid
    image = disk(grid, 10, -20, 80)
    with_tof = build_system_matrix(small_scanner, grid).project(image).sum(1)
    without = build_system_matrix(small_scanner, grid, with_tof=False).project(image)[:, 0]
    assert (with_tof - without).abs().max() <= 2e-3 * without.max()


def test_disk_gives_its_chords(disk):
    scanner, grid = Scanner(num_angles=12, num_subsets=4), ImageGrid(128, 2.34)
    radius, x, y = 60.0, 25.0, -15.0
    lines = build_system_matrix(scanner, grid, with_tof=False, with_adjoint=False)
    measured = to_event_order(lines.project(disk(grid, x, y, radius)))[0, 0].numpy()
    theta = angles(scanner)[:, None]
    distance = positions(scanner) - (x * np.cos(theta) + y * np.sin(theta))
    chords = 2 * np.sqrt(np.clip(radius**2 - distance**2, 0, None))
    long = chords > 20
    assert np.mean(np.abs(measured[long] / chords[long] - 1)) <= 0.005


def test_off_centre_point_has_the_tof_position_of_its_angle(small_scanner):
    grid = small_scanner.reconstruction_grid
    x, y = 60.84, -42.12  # the centre of pixel (ix, iy) = (22, 11)
    point = torch.zeros(grid.num_pixels, 1)
    point[11 * grid.size + 22] = 1
    data = to_event_order(build_system_matrix(small_scanner, grid).project(point))[0]
    centre = (np.arange(small_scanner.num_tof_bins) - (small_scanner.num_tof_bins - 1) / 2) * 36.0
    per_angle = data.sum(2).numpy()
    measured = centre @ per_angle / per_angle.sum(0)
    theta = angles(small_scanner)
    np.testing.assert_allclose(measured, -x * np.sin(theta) + y * np.cos(theta), atol=1.0)


def test_filtered_backprojection_of_scikit_image_finds_the_disk_at_its_place(disk):
    scanner, grid = Scanner(num_angles=60, num_subsets=4), ImageGrid(128, 2.34)
    lines = build_system_matrix(scanner, grid, with_tof=False, with_adjoint=False)
    sinogram = to_event_order(lines.project(disk(grid, 40, -25, 20)))[0, 0].numpy()
    # scikit-image: rows of the image run downwards, so its angle turns the other way round.
    image = iradon(sinogram.T, theta=-np.degrees(angles(scanner)), circle=True).clip(min=0)
    image[image < image.max() / 2] = 0
    rows, columns = np.indices(image.shape)
    centre = (np.array([(columns * image).sum(), (rows * image).sum()]) / image.sum() - 64) * 2.34
    np.testing.assert_allclose(centre, [40, -25], atol=2.34)


def test_volume_axes_are_x_and_y(small_scanner, disk):
    grid = small_scanner.simulation_grid
    volume = stack_to_volume(disk(grid, 60, -30, 15), grid)[..., 0]
    centre = (np.arange(grid.size) - (grid.size - 1) / 2) * grid.voxel_size
    x, y = centre @ volume.sum(1) / volume.sum(), centre @ volume.sum(0) / volume.sum()
    np.testing.assert_allclose([x, y], [60, -30], atol=0.5)


def test_matrix_is_built_once_per_geometry(small_scanner):
    grid = ImageGrid(32, 9.36)
    assert build_system_matrix(small_scanner, grid) is build_system_matrix(small_scanner, ImageGrid(32, 9.36))


def test_scanner_refuses_angles_that_do_not_fill_the_subsets():
    with pytest.raises(ValueError, match="multiple of num_subsets, got 168 and 27"):
        Scanner(num_subsets=27)
