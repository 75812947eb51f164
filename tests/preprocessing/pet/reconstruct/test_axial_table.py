"""Planes of oblique lines and their sensitivity."""

import numpy as np
import pytest

from preprocessing.pet.reconstruct.axial_table import ring_pairs
from preprocessing.pet.reconstruct.line_model import line_model
from preprocessing.pet.scanner import ImageGrid

GRID = ImageGrid(64, 4.0)


def test_the_mmr_has_4084_planes_in_127_slices(mmr):
    pairs = ring_pairs(mmr)
    assert pairs.shape == (4084, 2)
    assert np.unique(pairs, axis=0).shape == (4084, 2)
    assert np.unique(pairs.sum(1)).tolist() == list(range(127))
    assert np.abs(pairs[:, 1] - pairs[:, 0]).max() == 60


@pytest.mark.parametrize(("segment", "axial", "plane"), [(-14, 15, 44), (16, 41, 98), (27, 28, 83)])
def test_the_first_words_of_the_fragment_lie_in_these_planes(mmr, segment, axial, plane):
    start = 64 + sum(2 * (64 - d) for d in range(1, abs(segment))) + (64 - abs(segment)) * (segment > 0)
    rings = ring_pairs(mmr)[start + axial]
    assert rings[1] - rings[0] == segment
    assert rings.sum() == plane


def test_sensitivity_is_a_triangle_without_time_of_flight(sinogram_geometry):
    gain = line_model(sinogram_geometry, GRID, 8).axial.gain[0]
    rings = sinogram_geometry.num_rings
    triangle = np.minimum(np.arange(2 * rings - 1), np.arange(2 * rings - 1)[::-1]) + 1
    np.testing.assert_allclose(gain, triangle, rtol=0.03)
    np.testing.assert_allclose(gain, gain[::-1], rtol=1e-5)


def test_time_of_flight_flattens_the_triangle_away_from_the_middle(scanner):
    model = line_model(scanner.geometry(), GRID, 8)
    gain = model.axial.gain
    middle = len(gain) // 2
    np.testing.assert_allclose(gain, gain[::-1], rtol=1e-4)
    # Near the detectors of a line, its end planes are seen by more pairs of rings than from the middle.
    assert gain[0][0] > 2 * gain[middle][0]
    pairs = (gain[:, :-1] + gain[:, 1:]) / 2
    assert pairs[1].max() < pairs[middle].max()
    np.testing.assert_allclose(gain.sum(1), gain[middle].sum(), rtol=0.01)


def test_obliquity_is_largest_in_the_middle_and_one_at_the_ends(mmr):
    obliquity = line_model(mmr, GRID, 12).axial.obliquity
    assert obliquity[0] == obliquity[-1] == 1
    assert 1.01 < obliquity[63] < 1.07
    assert obliquity.argmax() in range(50, 77)
