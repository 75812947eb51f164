import numpy as np
import pytest
from skimage.filters import gaussian

from preprocessing.pet.label import StandardUptakeRatios, measure_suvr
from preprocessing.pet.regions import CEREBELLUM, WHITE_MATTER

SPACING = (2.0, 2.0, 2.0)


@pytest.fixture
def regions():
    regions = np.zeros((40, 20, 20), dtype=np.uint8)
    regions[2:12] = 1
    regions[12:16] = 9
    regions[18:26] = CEREBELLUM
    regions[30:38] = WHITE_MATTER
    return regions


def test_suvr_is_the_ratio_of_means_at_clinical_resolution(regions):
    activity = np.random.default_rng(0).random(regions.shape, dtype=np.float32)
    blurred = gaussian(activity, sigma=5.0 / 2.3548 / 2.0, mode="reflect", truncate=4.0)
    suvr = measure_suvr(activity, regions, SPACING)
    reference = blurred[regions == CEREBELLUM].mean()
    assert suvr.composite == pytest.approx(blurred[regions == 1].mean() / reference, rel=1e-3)
    assert suvr.regional["occipital"] == pytest.approx(blurred[regions == 9].mean() / reference, rel=1e-3)
    assert set(suvr.regional) == {"frontal", "occipital", "cerebellum", "white_matter"}


def test_suvr_does_not_depend_on_the_unit(regions):
    activity = np.random.default_rng(0).random(regions.shape, dtype=np.float32)
    in_bq = measure_suvr(activity * np.float32(2500), regions, SPACING)
    assert in_bq.composite == pytest.approx(measure_suvr(activity, regions, SPACING).composite, rel=1e-5)


def test_non_composite_regions_do_not_move_the_label(regions):
    activity = np.ones(regions.shape, dtype=np.float32)
    activity[33:38] = 100
    assert measure_suvr(activity, regions, SPACING).composite == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("composite", "positive", "in_grey_zone"),
    [
        (1.00, False, False),
        (1.2099, False, False),
        (1.2101, False, True),
        (1.2399, False, True),
        (1.24, True, True),
        (1.2699, True, True),
        (1.2701, True, False),
    ],
)
def test_label_follows_the_cut_off_with_a_grey_zone(composite, positive, in_grey_zone):
    suvr = StandardUptakeRatios(composite, {})
    assert (suvr.positive, suvr.in_grey_zone) == (positive, in_grey_zone)


@pytest.mark.parametrize("missing", [CEREBELLUM, 1])
def test_a_map_without_reference_or_composite_is_refused(regions, missing):
    regions[regions == missing] = 0
    with pytest.raises(ValueError, match="cerebellum and composite"):
        measure_suvr(np.ones(regions.shape, dtype=np.float32), regions, SPACING)
