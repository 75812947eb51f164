import numpy as np
import pytest
from shell_head import TISSUES, draw_brain, draw_tissues, grid_points, make_affine, simulate_contrast

from preprocessing.mr.scan_brain import find_brain, head_tissues
from taskgan_ext.mr.protocol import load_protocols

SHAPE, SPACING = (92, 112, 24), (2.0, 2.0, 4.0)
POINTS = grid_points(make_affine(SPACING, SHAPE), SHAPE)
BRAIN, TISSUE = draw_brain(POINTS), draw_tissues(POINTS)
NAMES = ("T1w", "T2w", "T2FLAIR")


def scan(*names, keep=True):
    rng, table = np.random.default_rng(0), load_protocols()
    return {name: (simulate_contrast(POINTS, table[name], rng) * keep).astype(np.float32) for name in names}


def support(scans):
    return np.logical_and.reduce([volume != 0 for volume in scans.values()])


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("names", [NAMES, NAMES[:2], NAMES[:1], NAMES[2:]])
def test_the_brain_of_a_whole_head_is_found(names):
    scans = scan(*names)
    found, stripped = find_brain(scans, support(scans), SPACING)
    assert not stripped
    assert dice(found, BRAIN) > (0.95 if "T2w" in names else 0.9)


@pytest.mark.parametrize("names", [NAMES, NAMES[:1], NAMES[1:2], NAMES[2:]])
def test_of_skull_stripped_scans_the_brain_is_what_is_not_zero(names):
    scans = scan(*names, keep=BRAIN)
    found, stripped = find_brain(scans, support(scans), SPACING)
    assert stripped
    np.testing.assert_array_equal(found, BRAIN)


def test_nothing_is_found_in_noise():
    noise = np.abs(np.random.default_rng(0).normal(size=(40, 40, 10))).astype(np.float32)
    found, _ = find_brain({"T1w": noise}, noise != 0, SPACING)
    assert found.sum() < 0.1 * found.size


def test_fat_is_told_from_muscle():
    fat, muscle, air = (list(TISSUES).index(name) for name in ("fat", "muscle", "air"))
    parts = head_tissues(scan("T2w", "T1w"), BRAIN, SPACING)
    assert parts["FAT"][fat == TISSUE].mean() > 0.95
    assert parts["MUSC"][muscle == TISSUE].mean() > 0.95
    assert not (parts["FAT"] + parts["MUSC"])[BRAIN | (air == TISSUE)].any()
