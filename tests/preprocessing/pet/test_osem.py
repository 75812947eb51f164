"""Reconstruction: convergence, scale and a dense referee."""

import numpy as np
import pytest
import torch

from preprocessing.pet.osem import osem, poisson_log_likelihood, reconstruction_circle
from preprocessing.pet.scanner import ImageGrid, Scanner
from preprocessing.pet.smoothing import blur_volume, gaussian_matrix
from preprocessing.pet.system_matrix import build_system_matrix


@pytest.fixture(scope="module")
def data(small_scanner, disk):
    """Noise-free counts, factors and additive terms of two slices, and the projector."""
    grid = small_scanner.reconstruction_grid
    matrix = build_system_matrix(small_scanner, grid)
    activity = torch.cat([disk(grid, 0, 0, 90), disk(grid, 0, 0, 80) + disk(grid, 35, 20, 25)], dim=1) * 3000
    lines = build_system_matrix(small_scanner, grid, with_tof=False)
    multiplicative = 0.01 * torch.exp(-lines.project(disk(grid, 0, 0, 90).expand(-1, 2) * 0.0096))[:, 0]
    additive = torch.full_like(multiplicative, 2.0)
    counts = matrix.project(activity) * multiplicative[:, None] + additive[:, None]
    return activity, counts, multiplicative, additive, matrix


def test_noise_free_data_give_the_activity_back(data):
    activity, counts, multiplicative, additive, matrix = data
    image = osem(counts, multiplicative, additive, matrix, num_iterations=15)
    assert torch.linalg.norm(image - activity) / torch.linalg.norm(activity) < 0.05
    torch.testing.assert_close(image.sum(0), activity.sum(0), rtol=0.01, atol=0)


def test_likelihood_rises_in_every_iteration_with_one_subset(small_scanner, disk):
    scanner = Scanner(num_angles=30, num_bins=32, bin_size=9.36, num_subsets=1)
    grid = small_scanner.reconstruction_grid
    matrix = build_system_matrix(scanner, grid)
    factors = torch.full((1, 30, 32, 1), 0.002)
    additive = torch.full_like(factors, 0.5)
    expected = matrix.project(disk(grid, 20, 10, 70) * 3000) * factors[:, None] + additive[:, None]
    counts = torch.poisson(expected, generator=torch.Generator().manual_seed(5))
    likelihood = []
    for iterations in range(8):
        image = osem(counts, factors, additive, matrix, iterations)
        model = matrix.project(image) * factors[:, None] + additive[:, None]
        likelihood.append(poisson_log_likelihood(counts, model))
    assert (torch.stack(likelihood).diff() > 0).all()


def test_update_equals_the_equation_in_dense_float64():
    scanner = Scanner(num_angles=8, num_bins=8, bin_size=18.72, num_subsets=2)
    grid = ImageGrid(8, 18.72)
    matrix = build_system_matrix(scanner, grid)
    generator = torch.Generator().manual_seed(2)
    y = torch.rand(2, *matrix.shape, 1, generator=generator) * 50
    m = torch.rand(2, *matrix.shape[1:], 1, generator=generator) + 0.1
    a = torch.rand(2, *matrix.shape[1:], 1, generator=generator) + 0.1

    circle = reconstruction_circle(grid).double().numpy()
    x = circle.copy()
    for s in (0, 1, 0, 1, 0, 1):
        A = matrix.forward[s].to_dense().double().numpy()
        ms, as_ = (np.broadcast_to(v[s, ..., 0].numpy(), matrix.shape).reshape(-1) for v in (m, a))
        ratio = ms * y[s].reshape(-1).numpy() / (ms * (A @ x) + as_)
        x *= circle * (A.T @ ratio) / np.maximum(A.T @ ms, 1e-6)
    image = osem(y, m, a, matrix, num_iterations=3)
    np.testing.assert_allclose(image[:, 0].numpy(), x, rtol=1e-4, atol=1e-6)


def test_dose_fraction_in_the_model_leaves_the_noise_free_image(data):
    _, counts, multiplicative, additive, matrix = data
    full = osem(counts, multiplicative, additive, matrix, 2)
    low = osem(counts * 0.01, multiplicative * 0.01, additive * 0.01, matrix, 2)
    torch.testing.assert_close(low, full, rtol=1e-3, atol=0.01)


def test_slices_are_independent_and_any_number_is_allowed(data):
    _, counts, multiplicative, additive, matrix = data
    many = [x.repeat_interleave(15, dim=-1) for x in (counts, multiplicative, additive)]
    single = [x[..., 1:] for x in (counts, multiplicative, additive)]
    image = osem(*many, matrix, 1)
    torch.testing.assert_close(image[:, 29:], osem(*single, matrix, 1), rtol=1e-5, atol=1e-2)


def test_few_counts_give_a_finite_image_that_is_not_negative(data):
    _, counts, multiplicative, additive, matrix = data
    sparse = torch.poisson(counts * 1e-3, generator=torch.Generator().manual_seed(0))
    image = osem(sparse, multiplicative * 1e-3, additive * 1e-3, matrix, 3)
    assert torch.isfinite(image).all()
    assert (image >= 0).all()


def test_shapes_that_do_not_fit_are_refused(data):
    _, counts, multiplicative, additive, matrix = data
    with pytest.raises(ValueError, match=r"expected counts \(6, 11, 7, 32, 2\)"):
        osem(counts, multiplicative[..., :1], additive, matrix, 1)


@pytest.mark.parametrize("periodic", [False, True])
def test_gaussian_matrix_keeps_sums_and_constants_and_has_the_width(periodic):
    matrix = gaussian_matrix(101, 3.0, periodic).double()
    np.testing.assert_allclose(matrix.sum(0), 1, atol=1e-6)
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-6)
    offsets = np.arange(101) - 50
    assert np.sqrt((matrix[50].numpy() * offsets**2).sum()) == pytest.approx(3.0, rel=0.01)


def test_blur_volume_equals_scipy():
    ndimage = pytest.importorskip("scipy.ndimage")
    grid = ImageGrid(32, 2.34)
    stack = torch.rand(grid.num_pixels, 9, generator=torch.Generator().manual_seed(0))
    sigma = 5.5 / 2.354820045
    expected = ndimage.gaussian_filter(
        stack.numpy().reshape(32, 32, 9).astype(np.float64), (sigma / 2.34, sigma / 2.34, sigma / 2.78)
    )
    ours = blur_volume(stack, grid, 2.78, 5.5).numpy().reshape(32, 32, 9)
    np.testing.assert_allclose(ours, expected, atol=1e-5)
