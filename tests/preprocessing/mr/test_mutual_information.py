import numpy as np
import pytest
from scipy.stats import entropy

from preprocessing.mr.mutual_information import mutual_information


def test_it_equals_the_sum_of_entropies():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 8, 5000).astype(float)
    y = np.where(rng.random(5000) < 0.7, (x * 3) % 8, rng.integers(0, 8, 5000)).astype(float)
    counts = [np.unique(values, return_counts=True)[1] for values in (x, y, 8 * x + y)]
    expected = entropy(counts[0]) + entropy(counts[1]) - entropy(counts[2])
    assert mutual_information(x, y, num_bins=8) == pytest.approx(expected)


def test_it_is_symmetric_and_blind_to_the_scale():
    rng = np.random.default_rng(1)
    x = rng.normal(size=4000)
    y = x**2 + 0.1 * rng.normal(size=4000)
    value = mutual_information(x, y)
    assert value > 0.5
    assert mutual_information(y, x) == pytest.approx(value)
    assert mutual_information(5 * x + 1, y) == pytest.approx(value, rel=1e-2)


def test_a_constant_image_tells_nothing():
    assert mutual_information(np.ones(100), np.arange(100.0)) == pytest.approx(0, abs=1e-12)
