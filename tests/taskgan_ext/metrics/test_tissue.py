import math

import pytest
import torch

from taskgan_ext.metrics.tissue import best_threshold, brighter_fraction, contrast, dice, mean_inside


def make_tissues(size=40):
    generator = torch.Generator().manual_seed(1)
    volume = torch.rand(size, size, generator=generator)
    labels = torch.randint(0, 3, (size, size), generator=generator)
    return volume, labels == 1, labels == 2


@pytest.mark.parametrize("measure", [contrast, brighter_fraction])
def test_a_scale_of_the_image_cancels(measure):
    volume, mask, background = make_tissues()
    assert measure(8 * volume, mask, background) == pytest.approx(measure(volume, mask, background))


@pytest.mark.parametrize("measure", [contrast, brighter_fraction])
def test_other_voxels_do_not_count(measure):
    volume, mask, background = make_tissues()
    changed = torch.where(mask | background, volume, 100.0)
    assert measure(changed, mask, background) == measure(volume, mask, background)


def test_contrast_and_fraction_of_known_tissues():
    volume = torch.tensor([1.0, 1.0, 4.0, 2.0, 0.5, 0.2])
    background = torch.tensor([1, 1, 0, 0, 0, 0], dtype=torch.bool)
    assert contrast(volume, volume == 4, background) == 4
    assert brighter_fraction(volume, ~background, background) == 0.5
    assert brighter_fraction(volume, background, background) == 0


def test_a_background_without_signal_has_no_contrast():
    volume, mask, background = make_tissues()
    assert math.isnan(contrast(torch.zeros_like(volume), mask, background))
    nothing = torch.zeros_like(mask)
    assert math.isnan(contrast(volume, mask, nothing))
    assert math.isnan(brighter_fraction(volume, mask, nothing))
    assert math.isnan(brighter_fraction(volume, nothing, background))
    assert math.isnan(mean_inside(volume, nothing))


def test_mean_of_large_values_keeps_its_digits():
    volume = torch.full((300, 300), 16_777_216.0)
    volume[0, 0] += 2
    assert mean_inside(volume, volume > 0) == pytest.approx(16_777_216 + 2 / 90_000, abs=1e-7)


@pytest.mark.parametrize("levels", [1000, 20, 3])  # few levels: many voxels are equally bright
def test_no_other_threshold_is_better(levels):
    volume, truth, _ = make_tissues(15)
    values = ((volume + 0.4 * truth) * levels).round().flatten()
    truth = truth.flatten()
    best = dice(values >= best_threshold(values, truth), truth)
    assert best == pytest.approx(max(dice(values >= level, truth) for level in values))


def test_separable_voxels_are_all_found():
    values, truth = torch.tensor([0.1, 0.7, 0.3, 0.9]), torch.tensor([False, True, False, True])
    assert best_threshold(values, truth) == pytest.approx(0.7)
    assert dice(values >= 0.7, truth) == 1


def test_dice_counts_both_sets():
    found, truth = torch.tensor([1, 1, 1, 0]).bool(), torch.tensor([0, 0, 1, 0]).bool()
    assert dice(found, truth) == dice(truth, found) == 0.5
    assert dice(found, ~found) == 0
    assert math.isnan(dice(found & ~found, found & ~found))
