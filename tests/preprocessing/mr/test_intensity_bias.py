import numpy as np
import pytest

from preprocessing.mr.intensity_bias import classify, polynomials
from taskgan_ext.errors import DataError

MEANS = np.array([[1.1, 0.75], [0.9, 1.2], [0.4, 2.1]])  # WM, GM, CSF in T1w, T2w
NAMES = ("T1w", "T2w")


@pytest.fixture(scope="module")
def brain():
    """Points of a ball, its tissues in layers that are mixed all over, and intensities without a drift."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-70, 70, (40_000, 3))
    tissue = rng.choice(3, len(points), p=[0.45, 0.4, 0.15])
    values = MEANS[tissue] * (1 + 0.05 * rng.standard_normal((len(points), 2)))
    return points, tissue, values.astype(np.float32)


def accuracy(fractions, tissue):
    return np.mean(fractions.argmax(axis=0) == tissue)


def test_a_receive_field_does_not_matter(brain):
    points, tissue, values = brain
    usable = np.ones(len(points), dtype=bool)
    x, y, _ = points.T / 70
    drift = np.stack([np.exp(0.25 * x + 0.1 * y**2), np.exp(-0.2 * y + 0.1 * x * y)], axis=1)
    plain, _ = classify(values, points, NAMES, usable)
    drifting, _ = classify((values * drift).astype(np.float32), points, NAMES, usable)
    assert accuracy(plain, tissue) > 0.99
    assert accuracy(drifting, tissue) > accuracy(plain, tissue) - 0.005


def test_the_scale_of_a_scan_does_not_matter(brain):
    points, _, values = brain
    usable = np.ones(len(points), dtype=bool)
    first, _ = classify(values, points, NAMES, usable)
    second, _ = classify(values * np.float32(512), points, NAMES, usable)
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_what_is_not_usable_and_fat_teach_nothing(brain):
    points, tissue, values = brain
    usable = np.ones(len(points), dtype=bool)
    spoilt, lesion = values.copy(), np.arange(len(points)) % 10 == 0
    spoilt[lesion] = (0.8, 1.7)
    spoilt[1::20] = (2.6, 1.6)  # fat
    kept = ~lesion & (np.arange(len(points)) % 20 != 1)
    found, mixture = classify(spoilt, points, NAMES, usable & ~lesion)
    assert accuracy(found[:, kept], tissue[kept]) > 0.99
    np.testing.assert_allclose(
        mixture.means[:, 0] / mixture.means[0, 0], MEANS[:, 0] / MEANS[0, 0], atol=0.02
    )


def test_swapped_scans_are_refused(brain):
    points, _, values = brain
    with pytest.raises(DataError, match=r"T1w|looks like"):
        classify(values[:, [1, 0]], points, ("T1w", "T2FLAIR"), np.ones(len(points), dtype=bool))


@pytest.mark.parametrize(("degree", "count"), [(1, 3), (2, 9), (3, 19)])
def test_polynomials_have_all_terms_but_the_constant_one(brain, degree, count):
    basis = polynomials(brain[0], degree)
    assert basis.shape == (len(brain[0]), count)
    np.testing.assert_allclose(basis.mean(axis=0), 0, atol=1e-12)
    assert np.linalg.matrix_rank(np.column_stack([np.ones(len(basis)), basis])) == count + 1
