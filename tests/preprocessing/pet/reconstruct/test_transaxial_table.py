"""Sinogram bins of transaxial lines, against lines computed by hand."""

import numpy as np
import pytest

from preprocessing.pet.reconstruct.detector_layout import layout_of
from preprocessing.pet.reconstruct.line_model import line_model
from preprocessing.pet.reconstruct.transaxial_table import crystals_of_bins, ring_crystals
from preprocessing.pet.scanner import ImageGrid

GRID = ImageGrid(64, 4.0)


def bin_centres(scanner):
    """Angle and radial position of every cell."""
    angle = (np.arange(scanner.num_angles) + 0.5) * np.pi / scanner.num_angles
    s = (np.arange(scanner.num_bins) - (scanner.num_bins - 1) / 2) * scanner.bin_size
    return np.repeat(angle, scanner.num_bins), np.tile(s, scanner.num_angles)


def test_the_first_words_of_the_fragment_name_these_crystals(mmr):
    first, second = crystals_of_bins(mmr)
    for radial, view, expected in ((172, 0, (0, 252)), (130, 54, (33, 327)), (173, 10, (10, 261))):
        index = view * mmr.num_radial + radial
        assert (first[index], second[index]) == expected


def test_lines_of_the_mmr_have_the_angle_and_the_offset_of_the_formula(mmr):
    first, second = (ring_crystals(mmr)[c] for c in crystals_of_bins(mmr))
    view, radial = np.divmod(np.arange(len(first)), mmr.num_radial)
    k = radial - 172
    angle = np.pi * (view - (k % 2) / 2) / mmr.num_views
    for end in (first, second):
        s = end[:, 0] * np.cos(angle) + end[:, 1] * np.sin(angle)
        np.testing.assert_allclose(s, 335 * np.sin(np.pi * k / 504), atol=1e-9)


def test_cells_of_a_gap_hold_no_pair_and_all_others_one(mmr):
    table = line_model(mmr, ImageGrid(256, 3.0), 12).transaxial
    first, second = crystals_of_bins(mmr)
    gap = (first % 9 == 0) | (second % 9 == 0)
    assert gap.sum() == 18_172
    assert (table.cell[gap] == -1).all()
    inside = np.abs(335 * np.sin(np.pi * (np.arange(len(first)) % 344 - 172) / 504)) < 256 * 3 / 2
    assert (table.cell[~gap & inside] >= 0).all()
    assert table.pairs.sum() == (~gap & inside).sum()


@pytest.mark.parametrize("kind", ["sinogram", "detector"])
def test_a_pair_falls_into_the_bin_nearest_to_its_line(kind, sinogram_geometry, scanner):
    geometry = sinogram_geometry if kind == "sinogram" else scanner.geometry()
    model = line_model(geometry, GRID, 8)
    if kind == "sinogram":
        ends = [ring_crystals(geometry)[c] for c in crystals_of_bins(geometry)]
    else:
        xy = layout_of(geometry).transaxial
        ends = [np.repeat(xy, len(xy), axis=0), np.tile(xy, (len(xy), 1))]
    used = np.flatnonzero(model.transaxial.cell >= 0)
    first, second = (end[used] for end in ends)
    angle, s = (value[model.transaxial.cell[used]] for value in bin_centres(model.sampling.scanner))
    normal = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    along = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    turn = np.arcsin(((second - first) * normal).sum(1) / np.linalg.norm(second - first, axis=1))
    assert np.abs(turn).max() <= np.pi / model.sampling.scanner.num_angles / 2 + 1e-6
    middle = (first + second) / 2
    own_angle = angle + turn * np.sign(((second - first) * along).sum(1)) * -1
    offset = middle[:, 0] * np.cos(own_angle) + middle[:, 1] * np.sin(own_angle)
    assert np.abs(offset - s).max() <= 2.0 + 1e-5
    np.testing.assert_array_equal(np.sign(((second - first) * along).sum(1)), model.transaxial.step[used])
    np.testing.assert_allclose((middle * along).sum(1), model.transaxial.middle[used], atol=3.5)


def test_ties_of_a_ring_are_shared_evenly(scanner):
    model = line_model(scanner.geometry(), GRID, 8)
    pairs = model.transaxial.pairs
    centre = slice(20, 44)
    assert pairs[:, centre].sum(1).std() / pairs[:, centre].sum(1).mean() < 0.1
    assert (pairs[:, centre] > 0).mean() > 0.6


def test_direct_lines_of_a_cylinder_all_have_the_same_weight(scanner):
    model = line_model(scanner.geometry(), GRID, 8)
    used = model.transaxial.weight[model.transaxial.cell >= 0]
    area = 2 * np.pi * scanner.radius / scanner.crystals_per_ring * scanner.ring_spacing
    np.testing.assert_allclose(used, area**2 / (8 * np.pi * scanner.radius**2), rtol=1e-4)
