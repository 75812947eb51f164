import math

import pytest
import torch

from taskgan_ext.errors import DataError
from taskgan_ext.metrics.masked_quality import masked_nrmse
from taskgan_ext.metrics.uptake import object_mask, regional_suvr, relative_bias


@pytest.fixture
def regions():
    return torch.tensor([[0, 1, 1, 2], [20, 20, 9, 0]]).unsqueeze(-1)


@pytest.fixture
def activity():
    return torch.tensor([[7.0, 3.0, 5.0, 10.0], [1.0, 3.0, 8.0, 7.0]]).unsqueeze(-1)


def test_suvr_by_hand(activity, regions):
    found = regional_suvr(activity, regions)
    assert found.cortex == pytest.approx(
        (3 + 5 + 10) / 3 / 2
    )  # every voxel counts the same, region 2 has one
    assert found.regions == pytest.approx({1: 4 / 2, 2: 10 / 2, 9: 8 / 2})


def test_suvr_does_not_depend_on_the_unit(activity, regions):
    before, after = regional_suvr(activity, regions), regional_suvr(250.0 * activity, regions.float())
    assert after.cortex == pytest.approx(before.cortex)
    assert after.regions == pytest.approx(before.regions)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            {"reference_labels": (30,)}, r"reference region \(labels \[30\]\)", id="no reference voxel"
        ),
        pytest.param({"cortex_labels": (5, 6)}, "cortical composite", id="no cortical voxel"),
    ],
)
def test_missing_regions_are_named(activity, regions, arguments, message):
    with pytest.raises(DataError, match=message):
        regional_suvr(activity, regions, **arguments)


def test_reference_without_uptake_is_refused(activity, regions):
    with pytest.raises(DataError, match="positive mean uptake"):
        regional_suvr(activity * (regions != 20), regions)


def test_other_grid_is_refused(activity, regions):
    with pytest.raises(DataError, match="on the grid of the volume"):
        regional_suvr(activity, regions[:1])


def test_negative_labels_are_refused(activity, regions):
    with pytest.raises(DataError, match="labels >= 0"):
        regional_suvr(activity, regions - 1)


def test_object_is_the_labelled_or_the_bright_part(activity, regions):
    assert object_mask(activity, regions).sum() == 6
    assert object_mask(activity, fraction=0.5).sum() == 4


def test_bias_and_error_of_a_scaled_volume(activity):
    mask = torch.ones_like(activity, dtype=torch.bool)
    assert relative_bias(1.1 * activity, activity, mask) == pytest.approx(0.1)
    assert masked_nrmse(1.1 * activity, activity, mask) == pytest.approx(0.1)


def test_empty_mask_gives_nan(activity):
    mask = torch.zeros_like(activity, dtype=torch.bool)
    assert math.isnan(relative_bias(activity, activity, mask))
    assert math.isnan(masked_nrmse(activity, activity, mask))
