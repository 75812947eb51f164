import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from preprocessing.mr.anatomy import brain_and_regions, draw_head, slice_average
from preprocessing.mr.brain_folds import build_folds
from preprocessing.mr.head import build_envelope, draw_traits
from preprocessing.mr.head_grid import HeadGrid
from preprocessing.mr.tissues import BLOOD, CSF, DGM, FAT, GM, LES, MUSC, WM

GRID = HeadGrid(4.0, 30)


def head(seed, patient=True, grid=GRID):
    return draw_head(grid, patient, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def heads():
    return [head(seed) for seed in range(6)]


def volumes_ml(anatomy):
    return anatomy.fractions.sum(axis=(1, 2, 3)) * np.prod(anatomy.spacing) / 1000


def test_fractions_are_shares_of_a_voxel_and_fill_the_brain(heads):
    for anatomy in heads:
        total = anatomy.fractions.sum(axis=0)
        assert anatomy.fractions.min() >= 0
        assert total.max() <= 1 + 1e-5
        inside = ndimage.binary_erosion(brain_and_regions(anatomy.fractions)[0], iterations=3)
        np.testing.assert_allclose(total[inside], 1, atol=1e-5)
        assert total[0].max() == total[:, 0].max() == 0


def test_volumes_are_those_of_heads(heads):
    for anatomy in heads:
        volume = volumes_ml(anatomy)
        assert 900 < volume[[WM, GM, DGM, LES]].sum() < 1500
        assert 0.5 < volume[GM] / volume[WM] < 1.6
        assert 120 < volume[CSF] < 550
        assert 10 < volume[DGM] < 40
        assert volume[[FAT, MUSC, BLOOD]].min() > 1
        assert 0.1 < volume[LES] < 60


def test_fluid_is_in_the_ventricles_and_fat_is_outside_the_brain(heads):
    for anatomy in heads:
        x, y, z = (np.linalg.inv(anatomy.affine) @ [9.5, 14.0, 18.0, 1.0])[:3].round().astype(int)
        near = (slice(x - 1, x + 2), slice(y - 1, y + 2), slice(z - 1, z + 2))
        assert anatomy.fractions[(CSF, *near)].max() > 0.5
        brain, _ = brain_and_regions(anatomy.fractions)
        assert anatomy.fractions[FAT][ndimage.binary_erosion(brain, iterations=2)].max() == 0


def test_age_widens_the_fluid_spaces():
    by_age = sorted((anatomy.truth["age"], volumes_ml(anatomy)[CSF]) for anatomy in map(head, range(12)))
    young, old = (np.mean([fluid for _, fluid in part]) for part in (by_age[:4], by_age[-4:]))
    assert old > 1.3 * young


def test_cortex_has_its_thickness():
    grid = HeadGrid(1.0, 4)
    rng = np.random.default_rng(0)
    # Wide sulci, so that each is resolved by voxels of 1 mm.
    traits = replace(draw_traits(rng), sulcus=1.2, cortex=2.5)
    envelope = build_envelope(grid, traits, rng)
    folds = build_folds(grid, traits, envelope, rng)
    fluid = (folds.fluid > 0.5) | (envelope.brain < 0.5)
    white = ~fluid & (folds.cortex < 0.5)
    border = white & ndimage.binary_dilation(~fluid & (folds.cortex > 0.5))
    distance = ndimage.distance_transform_edt(~fluid)
    # Of the voxel centres on both sides of two borders: half a voxel more at each end.
    assert np.median(distance[border]) == pytest.approx(2.5 + 1.0, abs=0.6)


def test_only_patients_have_lesions_and_nothing_else_differs():
    patient, control = head(3), head(3, patient=False)
    assert 5 <= patient.truth["num_lesions"] <= 25
    assert control.truth["num_lesions"] == 0
    assert volumes_ml(control)[LES] == 0
    np.testing.assert_allclose(
        patient.fractions[WM] + patient.fractions[LES], control.fractions[WM], atol=1e-6
    )
    others = [CSF, GM, DGM, FAT]
    np.testing.assert_array_equal(patient.fractions[others], control.fractions[others])


def test_heads_differ_and_the_same_seed_gives_the_same_head(heads):
    np.testing.assert_array_equal(head(0).fractions, heads[0].fractions)
    tissue = [anatomy.fractions[WM] for anatomy in heads]
    for first, second in itertools.pairwise(tissue):
        assert np.corrcoef(first.ravel(), second.ravel())[0, 1] < 0.95


@pytest.mark.parametrize("resolution", [1.0, 2.0, 4.0])
def test_slices_keep_their_place_at_every_resolution(resolution):
    grid = HeadGrid(resolution, 3)
    anatomy = head(1, grid=grid)
    matrix = round(256 / resolution)
    assert anatomy.sliced().fractions.shape == (9, matrix, matrix, 3)
    np.testing.assert_allclose(anatomy.affine[:3, :3], np.diag([resolution, resolution, 4.0]))
    # The middle of the image is the middle of the head.
    np.testing.assert_allclose(anatomy.affine @ [(matrix - 1) / 2, (matrix - 1) / 2, 1, 1], [0, 0, 26, 1])
    np.testing.assert_allclose(anatomy.spacing, [resolution] * 3)


def test_regions_follow_the_largest_share_and_lesions_need_half_a_voxel():
    fractions = np.zeros((9, 5, 1, 1), dtype=np.float32)
    fractions[WM, :, 0, 0] = [0.6, 0.3, 0.4, 0.45, 0.2]
    fractions[GM, :, 0, 0] = [0.4, 0.5, 0.0, 0.0, 0.2]
    fractions[LES, :, 0, 0] = [0.0, 0.2, 0.6, 0.4, 0.0]
    brain, regions = brain_and_regions(fractions)
    assert regions.ravel().tolist() == [1, 2, 5, 1, 0]
    assert brain.ravel().tolist() == [True, True, True, True, False]


def test_slice_average_is_the_mean_over_the_thickness():
    volume = np.arange(12, dtype=np.float32).reshape(1, 2, 6)
    np.testing.assert_array_equal(slice_average(volume, 3), [[[1, 4], [7, 10]]])


def test_pure_voxels_hold_one_tissue_or_none():
    pure = head(2, grid=HeadGrid(2.0, 4)).pure()
    assert set(np.unique(pure.fractions)) == {0, 1}
    assert pure.fractions.sum(axis=0).max() == 1
    assert pure.slice_voxels == 1
