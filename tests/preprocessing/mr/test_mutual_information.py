import numpy as np
import pytest
from scipy.stats import entropy

from preprocessing.mr.mutual_information import NUM_BINS, mutual_information, to_bins


def test_it_equals_the_sum_of_entropies():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 8, 5000)
    y = np.where(rng.random(5000) < 0.7, (x * 3) % 8, rng.integers(0, 8, 5000))
    counts = [np.unique(values, return_counts=True)[1] for values in (x, y, 8 * x + y)]
    expected = entropy(counts[0]) + entropy(counts[1]) - entropy(counts[2])
    assert mutual_information(x, y, num_bins=8) == pytest.approx(expected)


def test_it_is_symmetric_and_blind_to_the_scale():
    rng = np.random.default_rng(1)
    values = rng.normal(size=4000)
    x, y = to_bins(values), to_bins(values**2 + 0.1 * rng.normal(size=4000))
    found = mutual_information(x, y)
    assert found > 0.5
    assert mutual_information(y, x) == pytest.approx(found)
    assert mutual_information(to_bins(5 * values + 1), y) == pytest.approx(found, rel=1e-2)


def test_a_constant_image_tells_nothing():
    assert mutual_information(to_bins(np.ones(100)), to_bins(np.arange(100.0))) == pytest.approx(0, abs=1e-12)


def test_bins_are_those_of_a_histogram_between_the_outer_percentiles():
    values = np.random.default_rng(2).gamma(2.0, size=20_000)
    clipped = np.clip(values, *np.percentile(values, (0.5, 99.5)))
    expected, _ = np.histogram(clipped, bins=NUM_BINS)
    np.testing.assert_array_equal(np.bincount(to_bins(values), minlength=NUM_BINS), expected)
