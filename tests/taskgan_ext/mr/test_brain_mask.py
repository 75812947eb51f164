import numpy as np
import pytest
from shell_head import TISSUES, draw_brain, draw_maps, draw_tissues, grid_points, make_affine

from taskgan_ext.mr.brain_mask import brain_mask
from taskgan_ext.mr.relaxation_maps import Maps
from taskgan_ext.mr.tissue_classes import REGION_CODES, tissue_classes, white_matter_border


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def make_head(spacing, shape):
    points = grid_points(make_affine(spacing, shape), shape)
    return draw_maps(points), draw_brain(points), draw_tissues(points)


GRIDS = [
    pytest.param((2.0, 2.0, 5.0), (92, 108, 24), id="thick slices"),
    pytest.param((3.0, 3.0, 3.0), (60, 72, 44), id="isotropic"),
    pytest.param((1.5, 1.5, 6.0), (120, 140, 6), id="slab"),
]


@pytest.mark.parametrize(("spacing", "shape"), GRIDS)
def test_the_brain_is_found_on_any_voxels(spacing, shape):
    maps, brain, _ = make_head(spacing, shape)
    assert dice(brain_mask(maps, spacing), brain) > 0.97


def test_a_thin_bridge_to_tissue_outside_is_cut():
    spacing, shape = (2.0, 2.0, 5.0), (92, 108, 24)
    maps, brain, _ = make_head(spacing, shape)
    t1, t2, pd = maps.t1.copy(), maps.t2.copy(), maps.pd.copy()
    for volume, value in ((t1, 1.4), (t2, 0.1), (pd, 0.8)):
        volume[45:47, 80:, 11] = value  # 4 mm wide, like an optic nerve
        volume[38:54, 98:106, 10:13] = value  # an eye
    found = brain_mask(Maps(t1, t2, pd, maps.b1), spacing)
    assert dice(found, brain) > 0.97
    assert not found[38:54, 100:106, 10:13].any()


def test_the_mask_does_not_depend_on_the_unit_of_the_proton_density():
    spacing, shape = GRIDS[0].values
    maps, _, _ = make_head(spacing, shape)
    scaled = Maps(maps.t1, maps.t2, 4321 * maps.pd, maps.b1)
    np.testing.assert_array_equal(brain_mask(scaled, spacing), brain_mask(maps, spacing))


def test_holes_are_filled():
    spacing, shape = GRIDS[0].values
    maps, _, _ = make_head(spacing, shape)
    t1 = maps.t1.copy()
    t1[44:48, 50:54, 12] = 0.2  # a calcification
    assert brain_mask(Maps(t1, maps.t2, maps.pd, maps.b1), spacing)[44:48, 50:54, 12].all()


def test_where_nothing_looks_like_brain_the_mask_is_empty():
    zeros = np.zeros((8, 8, 4), np.float32)
    assert not brain_mask(Maps(zeros, zeros, zeros, zeros), (2, 2, 4)).any()
    fat = Maps(zeros + 0.37, zeros + 0.058, zeros + 1, zeros + 1)
    assert not brain_mask(fat, (2, 2, 4)).any()


def test_classes_are_those_of_the_tissues_in_the_brain_only():
    spacing, shape = GRIDS[0].values
    maps, brain, tissues = make_head(spacing, shape)
    regions = tissue_classes(maps, brain)
    names = list(TISSUES)
    for tissue, region in (
        ("white", "white matter"),
        ("grey", "grey matter"),
        ("fluid", "cerebrospinal fluid"),
    ):
        inside = brain & (tissues == names.index(tissue))
        assert (regions[inside] == REGION_CODES[region]).all(), tissue
    assert not regions[~brain].any()
    assert regions.dtype == np.uint8


def test_the_border_of_white_matter_follows_the_field():
    assert white_matter_border(3.0) == white_matter_border() == pytest.approx(1.08)
    assert white_matter_border(1.5) == pytest.approx(0.77, abs=0.005)
    # Warntjes et al., 2008, at 1.5 T: white matter, cortex and fluid.
    t1, t2 = np.array([[[0.561, 1.048, 3.94]], [[0.073, 0.094, 1.91]]], np.float32)[..., None]
    maps = Maps(t1, t2, np.ones_like(t1), np.ones_like(t1))
    everywhere = np.ones(t1.shape, bool)
    assert tissue_classes(maps, everywhere, 1.5).ravel().tolist() == [1, 2, 3]
    assert tissue_classes(maps, everywhere).ravel().tolist() == [1, 1, 3]
