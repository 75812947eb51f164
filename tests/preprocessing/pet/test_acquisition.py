"""Expected data: counts, calibration, scatter and what falls outside the time-of-flight bins."""

import numpy as np
import pytest
import torch

from preprocessing.pet.acquisition import CountLevels, simulate_acquisition
from preprocessing.pet.scanner import Scanner
from preprocessing.pet.stack import volume_to_stack
from taskgan_ext.errors import DataError

LEVELS = CountLevels(trues_per_slice=1e5, scatter_fraction=0.3, randoms_fraction=0.2)


@pytest.fixture(scope="module")
def stacks(small_scanner, small_head):
    return [volume_to_stack(volume, small_scanner.simulation_grid) for volume in small_head]


def test_counts_are_split_in_trues_scatter_and_randoms(small_scanner, stacks):
    acquisition = simulate_acquisition(*stacks, small_scanner, LEVELS)
    per_slice = 1 / stacks[0].shape[1]
    background = acquisition.additive.sum() * small_scanner.num_tof_bins * per_slice
    assert float(acquisition.prompts.sum() * per_slice) == pytest.approx(1.5e5, rel=1e-4)
    assert float(background) == pytest.approx(0.5e5, rel=1e-4)
    assert acquisition.randoms_per_bin * 11 * 42 * 32 == pytest.approx(0.2e5)


def test_one_factor_for_all_slices_keeps_the_axial_profile(small_scanner, stacks):
    activity = stacks[0] * torch.tensor([1.0, 2.0, 3.0, 0.0])
    acquisition = simulate_acquisition(activity, stacks[1], small_scanner, CountLevels(1e5, 0.0, 0.0))
    profile = acquisition.prompts.sum((0, 1, 2, 3))
    np.testing.assert_allclose(profile / profile.sum(), np.array([1, 2, 3, 0]) / 6, atol=1e-5)


def test_calibration_gives_counts_per_activity_and_length(small_scanner, disk):
    grid = small_scanner.simulation_grid
    activity = disk(grid, 0, 0, 80) * 5000
    scanner = Scanner(**{**small_scanner.__dict__, "resolution_fwhm": 0.0})
    acquisition = simulate_acquisition(activity, activity * 0, scanner, CountLevels(1e5, 0.0, 0.0))
    central = acquisition.prompts[:, :, :, 15:17].sum(1).mean()  # rays through the centre, 160 mm long
    assert float(central) == pytest.approx(acquisition.calibration * 5000 * 160, rel=0.01)
    np.testing.assert_allclose(acquisition.multiplicative, acquisition.calibration, rtol=1e-6)


def test_attenuation_of_a_central_ray_is_beers_law(small_scanner, stacks):
    acquisition = simulate_acquisition(*stacks, small_scanner, LEVELS)
    survival = acquisition.multiplicative[:, :, 15:17].mean() / acquisition.calibration
    assert float(survival) == pytest.approx(np.exp(-0.0096 * 180), rel=0.02)


def test_trues_outside_the_tof_bins_are_reported(small_scanner, stacks):
    few_bins = Scanner(**{**small_scanner.__dict__, "num_tof_bins": 3})
    assert simulate_acquisition(*stacks, small_scanner, LEVELS).outside_tof_fraction < 2e-3
    assert simulate_acquisition(*stacks, few_bins, LEVELS).outside_tof_fraction > 0.1


def test_empty_field_of_view_is_refused(small_scanner, stacks):
    with pytest.raises(DataError, match="expected activity in the field of view"):
        simulate_acquisition(stacks[0] * 0, stacks[1], small_scanner, LEVELS)
