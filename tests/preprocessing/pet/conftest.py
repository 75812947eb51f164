"""A small scanner and a small object that every test of the PET part can use."""

import numpy as np
import pytest
import torch

from preprocessing.pet.scanner import ImageGrid, Scanner


@pytest.fixture(scope="session")
def small_scanner():
    """The default scanner's field of view, sampled four times coarser."""
    return Scanner(
        num_angles=42,
        num_bins=32,
        bin_size=9.36,
        num_subsets=6,
        reconstruction_grid=ImageGrid(32, 9.36),
        simulation_grid=ImageGrid(64, 4.68),
    )


def disk_fraction(
    grid: ImageGrid, centre_x: float, centre_y: float, radius: float, oversampling: int = 8
) -> torch.Tensor:
    """Area fraction of each pixel inside a disk, as a stack of one slice."""
    fine = (np.arange(grid.size * oversampling) + 0.5) / oversampling - grid.size / 2
    y, x = np.meshgrid(fine * grid.voxel_size, fine * grid.voxel_size, indexing="ij")
    inside = (x - centre_x) ** 2 + (y - centre_y) ** 2 < radius**2
    fraction = inside.reshape(grid.size, oversampling, grid.size, oversampling).mean((1, 3))
    return torch.from_numpy(fraction.astype(np.float32).reshape(-1, 1))


@pytest.fixture(scope="session")
def disk():
    """Function ``disk(grid, centre_x, centre_y, radius)`` that gives a stack of one slice."""
    return disk_fraction


@pytest.fixture(scope="session")
def small_head(small_scanner, disk):
    """Activity in Bq/ml and attenuation in 1/mm, each (64, 64, 4)."""
    grid = small_scanner.simulation_grid
    head, spot = disk(grid, 0, 0, 90), disk(grid, 40, 25, 20)
    activity = (3000 * head + 2000 * spot).numpy().reshape(grid.size, grid.size).T
    attenuation = (0.0096 * head).numpy().reshape(grid.size, grid.size).T
    repeat = (1, 1, 4)
    return np.tile(activity[..., None], repeat), np.tile(attenuation[..., None], repeat)
