import functools

import numpy as np
import pytest

from preprocessing.pet import anatomy
from preprocessing.pet.anatomy import WORKING_GRID, load_anatomy
from preprocessing.pet.grid import brain_grid
from preprocessing.pet.head import SKULL_ATTENUATION, TISSUE_ATTENUATION
from preprocessing.pet.phantom import draw_labelled_phantom, make_phantom
from preprocessing.pet.regions import CEREBELLUM, REGION_CODES, REGIONS, STAGING, WHITE_MATTER
from preprocessing.pet.scanner import Scanner
from preprocessing.pet.uptake import PRESETS, draw_uptake
from taskgan_ext.errors import ConfigError, DependencyError


@functools.cache
def cohort(preset, positive):
    return [make_phantom(11, index, preset, positive).suvr for index in range(6)]


def composites(preset, positive):
    return np.array([suvr.composite for suvr in cohort(preset, positive)])


def test_same_seed_gives_the_same_subject():
    first, second = (make_phantom(3, 1, positive=True) for _ in range(2))
    for name in ("activity", "attenuation", "regions"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.truth == second.truth


@pytest.mark.parametrize("changed", [{"seed": 4}, {"subject_index": 2}, {"attempt": 1}])
def test_another_seed_subject_or_attempt_gives_another_subject(changed):
    arguments = {"seed": 3, "subject_index": 1, "attempt": 0}
    first, second = make_phantom(**arguments), make_phantom(**(arguments | changed))
    assert first.truth["scales"] != second.truth["scales"]
    assert not np.array_equal(first.regions, second.regions)


def test_anatomy_does_not_depend_on_class_or_preset():
    negative, positive = make_phantom(3, 1, "hard", False), make_phantom(3, 1, "easy", True)
    np.testing.assert_array_equal(negative.regions, positive.regions)
    np.testing.assert_array_equal(negative.attenuation, positive.attenuation)
    assert positive.suvr.composite > negative.suvr.composite


def test_values_are_physical_and_every_region_is_there():
    phantom = make_phantom(0, 0, positive=True)
    assert phantom.activity.dtype == phantom.attenuation.dtype == np.float32
    assert phantom.activity.shape == phantom.attenuation.shape == phantom.regions.shape == WORKING_GRID.shape
    assert phantom.activity.min() >= 0
    assert phantom.activity.max() < 4
    assert set(np.unique(phantom.attenuation)) == {
        0,
        np.float32(TISSUE_ATTENUATION),
        np.float32(SKULL_ATTENUATION),
    }
    assert (phantom.attenuation[phantom.regions > 0] == np.float32(TISSUE_ATTENUATION)).mean() > 0.999
    assert set(np.unique(phantom.regions)) == {0, *REGION_CODES.values()}
    assert phantom.activity[phantom.regions == CEREBELLUM].mean() == pytest.approx(1, abs=0.15)
    millilitres = (phantom.attenuation > 0).sum() * 8e-3
    assert 2500 < millilitres < 6000  # a head


def test_rendering_keeps_activity_and_regions():
    phantom = make_phantom(0, 0)
    grid = brain_grid(Scanner().simulation_grid, 40, 2.78)
    activity, attenuation = phantom.render(grid)
    regions = phantom.render_regions(grid)
    assert activity.shape == attenuation.shape == regions.shape == grid.shape
    inside = np.abs(WORKING_GRID.axis(2) - grid.centre[2]) < 20 * 2.78
    expected = phantom.activity[:, :, inside].sum() * 8
    assert activity.sum() * 1.17**2 * 2.78 == pytest.approx(expected, rel=0.03)
    white = activity[regions == WHITE_MATTER].mean() / activity[regions == CEREBELLUM].mean()
    assert white == pytest.approx(phantom.truth["suvr_regional"]["white_matter"], rel=0.06)


def test_involved_regions_follow_the_staging_order():
    rng = np.random.default_rng(0)
    sizes = set()
    for _ in range(50):
        uptake = draw_uptake(PRESETS["hard"], True, rng)
        assert list(uptake.involved) == [name for name in STAGING if name in uptake.involved]
        assert set(uptake.involved) <= set(STAGING[:8]) or uptake.involved == STAGING[: len(uptake.involved)]
        sizes.add(len(uptake.involved))
    assert sizes == set(range(4, 11))
    assert draw_uptake(PRESETS["easy"], True, rng).involved == STAGING
    assert draw_uptake(PRESETS["easy"], False, rng).involved == ()
    assert set(STAGING) == {region.name for region in REGIONS}


# Florbetaben over the cerebellum in controls and patients with Alzheimer's disease: mean and standard
# deviation. Centiloid cortex over whole cerebellum, then regions over cerebellar cortex (Bullich et al. 2021,
# doi 10.1186/s13195-021-00807-6, table 3).
COMPOSITE = {False: (1.05, 0.06), True: (1.54, 0.22)}
REGIONAL = {
    "frontal": ((1.15, 0.07), (1.57, 0.19)),
    "temporal": ((1.15, 0.05), (1.51, 0.17)),
    "occipital": ((1.20, 0.06), (1.43, 0.16)),
    "parietal": ((1.13, 0.08), (1.51, 0.16)),
    "acc": ((1.28, 0.09), (1.70, 0.22)),
    "pcc": ((1.33, 0.09), (1.77, 0.21)),
    "precuneus": ((1.15, 0.08), (1.60, 0.19)),
}


@pytest.mark.parametrize("positive", [False, True], ids=["negative", "positive"])
def test_uptake_of_the_cohort_lies_within_the_literature(positive):
    mean, sd = COMPOSITE[positive]
    assert abs(composites("faithful", positive).mean() - mean) < 2 * sd
    for name, bands in REGIONAL.items():
        mean, sd = bands[positive]
        found = np.mean([suvr.regional[name] for suvr in cohort("faithful", positive)])
        assert abs(found - mean) < 2 * sd, name


def test_presets_differ_in_how_far_the_classes_lie_apart():
    # Negative subjects differ between presets in the white matter only.
    gaps = [composites(preset, True).mean() - composites("faithful", False).mean() for preset in PRESETS]
    assert list(PRESETS) == ["easy", "faithful", "hard"]
    assert gaps[0] > gaps[1] > gaps[2] > 0.1
    assert composites("easy", True).min() > composites("faithful", False).max()


def test_white_matter_is_brighter_than_grey_matter_only_without_amyloid():
    ratio = {
        positive: np.mean(
            [suvr.regional["white_matter"] / suvr.composite for suvr in cohort("faithful", positive)]
        )
        for positive in (False, True)
    }
    assert 1.4 < ratio[False] < 1.8
    assert 1.0 < ratio[True] < 1.4


def test_a_subject_in_the_grey_zone_is_drawn_again_and_recorded():
    first = make_phantom(11, 4, "hard", True)
    assert first.suvr.in_grey_zone, "the seed was chosen for this"
    drawn = draw_labelled_phantom(11, 4, "hard", True)
    assert drawn.truth["redrawn_suvr"] == [first.suvr.composite]
    assert drawn.truth["attempt"] == 1
    assert drawn.truth["label"] == int(drawn.suvr.composite >= 1.24)
    assert not drawn.suvr.in_grey_zone


def test_the_label_is_the_suvr_and_not_the_drawn_class():
    phantom = draw_labelled_phantom(11, 1, "hard", True)
    assert phantom.suvr.composite < 1.24, "the seed was chosen for this"
    assert (phantom.truth["drawn_class"], phantom.truth["label"]) == (1, 0)


def test_unknown_preset_is_named():
    with pytest.raises(ConfigError, match="easy, faithful, hard, got 'medium'"):
        make_phantom(0, 0, "medium")


def test_missing_template_says_what_to_install(monkeypatch):
    load_anatomy.cache_clear()
    monkeypatch.setattr(anatomy.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DependencyError, match=r'pip install "taskgan-ext\[pet\]"'):
        load_anatomy()


def test_template_agrees_with_nilearn():
    pytest.importorskip("nilearn")
    from nilearn.datasets import load_mni152_wm_template

    image = load_mni152_wm_template(resolution=1)
    index = np.linalg.inv(image.affine) @ [*(-30.0, -18.0, 22.0), 1]
    x, y, z = np.rint(index[:3]).astype(int)
    expected = image.get_fdata()[x - 20 : x + 21 : 2, y, z]
    wm = load_anatomy().white_matter
    i, j, k = np.rint(WORKING_GRID.index(np.array([[-30.0], [-18.0], [22.0]], dtype=np.float32))).astype(int)[
        :, 0
    ]
    np.testing.assert_allclose(wm[i - 10 : i + 11, j, k], expected, atol=0.12)
