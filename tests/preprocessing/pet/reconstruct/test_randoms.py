"""Expected randoms from delayeds."""

import numpy as np

from preprocessing.pet.reconstruct.line_model import line_model
from preprocessing.pet.reconstruct.randoms import estimate_randoms
from preprocessing.pet.scanner import ImageGrid


def test_a_constant_rate_per_pair_is_given_back_with_gaps_and_triangle(mmr):
    model = line_model(mmr, ImageGrid(48, 8.0), 12)
    expected = 0.05 * model.axial.gain[0][:, None, None] * model.transaxial.pairs
    delayeds = np.random.default_rng(0).poisson(expected).astype(np.int32)
    randoms = estimate_randoms(delayeds, model)
    assert randoms.sum() == np.float32(delayeds.sum()) or abs(randoms.sum() / delayeds.sum() - 1) < 1e-4
    assert (randoms[expected == 0] == 0).all()
    error = np.linalg.norm(randoms - expected) / np.linalg.norm(expected)
    assert error < 0.03


def test_no_delayeds_give_no_randoms(mmr):
    model = line_model(mmr, ImageGrid(48, 8.0), 12)
    delayeds = np.zeros((127, 252, 48), np.int32)
    assert not estimate_randoms(delayeds, model).any()


def test_few_delayeds_give_a_finite_estimate_that_is_not_negative(mmr):
    model = line_model(mmr, ImageGrid(48, 8.0), 12)
    delayeds = np.zeros((127, 252, 48), np.int32)
    delayeds[3, 7, 1] = 1
    randoms = estimate_randoms(delayeds, model)
    assert np.isfinite(randoms).all()
    assert (randoms >= 0).all()
    assert abs(randoms.sum() - 1) < 1e-4
