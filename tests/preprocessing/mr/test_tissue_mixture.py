from dataclasses import replace

import numpy as np
import pytest

from preprocessing.mr.tissue_mixture import BRIGHTNESS, CLASSES, MAX_SAMPLES, fit_mixture, seed_mixture, thin
from taskgan_ext.errors import DataError

NAMES = tuple(BRIGHTNESS)
MEANS = np.array([[1.1, 0.75, 0.95], [0.9, 1.2, 1.1], [0.45, 2.1, 0.4]])  # of WM, GM and CSF in NAMES
SHARES = (0.42, 0.4, 0.08)
ROOT = np.array([[0.04, 0.02, 0.0], [0.0, 0.06, 0.02], [0.0, 0.0, 0.04]])


def draw(count=40_000, seed=0):
    """Voxels of three tissues and of grey matter beside fluid, with noise that contrasts share."""
    rng = np.random.default_rng(seed)
    fractions = np.eye(3)[rng.choice(3, count, p=np.array(SHARES) / sum(SHARES))]
    mixed = rng.random(count) > sum(SHARES)
    fluid = rng.random(count)
    fractions[mixed] = np.stack([0 * fluid, 1 - fluid, fluid], axis=1)[mixed]
    values = fractions @ MEANS + rng.standard_normal((count, 3)) @ ROOT
    return values.astype(np.float32), fractions.T


@pytest.fixture(scope="module")
def fitted():
    values, fractions = draw()
    return fit_mixture(values, seed_mixture(values, NAMES)), values, fractions


def test_means_and_covariances_are_those_of_the_pure_voxels(fitted):
    mixture, _, _ = fitted
    np.testing.assert_allclose(mixture.means, MEANS, atol=0.04)
    for covariance in mixture.covariances[:2]:
        np.testing.assert_allclose(covariance, ROOT.T @ ROOT, atol=0.0015)


def test_fractions_are_close_to_the_truth_and_add_up_to_one(fitted):
    mixture, values, fractions = fitted
    found = mixture.fractions(values)
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-9)
    assert np.abs(found - fractions).mean() < 0.03


def test_a_voxel_half_of_grey_matter_and_half_of_fluid_is_told(fitted):
    mixture, _, _ = fitted
    np.testing.assert_allclose(
        mixture.fractions(MEANS[[1, 2]].mean(axis=0)[None])[:, 0], [0, 0.5, 0.5], atol=0.1
    )


@pytest.mark.parametrize("name", NAMES)
def test_one_contrast_alone_keeps_its_order(name):
    values = draw()[0][:, [NAMES.index(name)]]
    mixture = fit_mixture(values, seed_mixture(values, (name,)))
    mixture.check_order()
    assert [CLASSES[k] for k in np.argsort(mixture.means[:, 0])] == list(BRIGHTNESS[name])


def test_the_same_voxels_give_the_same_mixture(fitted):
    values, _ = draw()
    again = fit_mixture(values, seed_mixture(values, NAMES))
    np.testing.assert_array_equal(again.means, fitted[0].means)


def test_tissues_in_an_order_that_the_contrast_has_not_are_refused(fitted):
    turned = replace(fitted[0], means=fitted[0].means[::-1])
    with pytest.raises(DataError, match="T1w: expected a brightness that grows from CSF over GM over WM"):
        turned.check_order()


def test_a_brain_without_one_of_the_tissues_is_refused():
    rng = np.random.default_rng(0)
    values = (np.array([1.1, 0.9])[rng.integers(2, size=20_000)] + 0.01 * rng.standard_normal(20_000))[
        :, None
    ]
    start = seed_mixture(values, ("T1w",))
    start = replace(start, means=np.array([[1.1], [0.9], [0.2]]))
    with pytest.raises(DataError, match="hardly anything looks like CSF"):
        fit_mixture(values, start)


@pytest.mark.parametrize("count", [10, MAX_SAMPLES, MAX_SAMPLES + 1, 3 * MAX_SAMPLES - 1])
def test_large_brains_are_thinned_evenly(count):
    kept = thin(np.arange(count))
    assert min(count, MAX_SAMPLES // 2) <= len(kept) <= MAX_SAMPLES
    assert len(set(np.diff(kept))) == 1
