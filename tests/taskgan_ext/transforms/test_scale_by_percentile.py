"""Each image, or a group of images, by one percentile within the mask, exactly undone."""

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, Invertd

from taskgan_ext.errors import DataError
from taskgan_ext.transforms.scale_by_percentile import ScaleByPercentiled


def item(seed=0, channels=3):
    generator = torch.Generator().manual_seed(seed)
    image = MetaTensor(
        torch.rand(channels, 6, 5, 4, generator=generator) * torch.tensor([1.0, 9, 80])[:, None, None, None]
    )
    mask = torch.zeros(1, 6, 5, 4)
    mask[:, 1:5, 1:4] = 1
    return {"image": image, "mask": mask, "subject": "sub-01"}


def test_every_channel_has_percentile_one_in_the_mask():
    scaled = ScaleByPercentiled("image")(item())
    inside = item()["mask"][0].numpy() > 0
    for channel in scaled["image"].numpy():
        assert np.percentile(channel[inside], 95) == pytest.approx(1, rel=1e-5)


def test_channels_that_share_a_factor_keep_their_ratios():
    source, scaled = item(), ScaleByPercentiled("image", channel=2)(item())
    torch.testing.assert_close(
        scaled["image"][0] / scaled["image"][2], source["image"][0] / source["image"][2], rtol=1e-5, atol=0
    )
    assert len(set(scaled["image"].meta["percentile"])) == 1


def test_values_outside_the_mask_do_not_count():
    source = item()
    source["image"][source["mask"].expand(3, -1, -1, -1) == 0] = 1e6
    found, wanted = (
        ScaleByPercentiled("image")(data)["image"].meta["percentile"] for data in (source, item())
    )
    assert found == wanted


@pytest.mark.parametrize("channel", [None, 1])
def test_the_inverse_returns_to_the_data_unit_also_for_a_prediction_of_one_channel(channel):
    transform = Compose([ScaleByPercentiled("image", channel=channel)])
    scaled = transform(item())
    back = transform.inverse(scaled)
    torch.testing.assert_close(back["image"].as_tensor(), item()["image"].as_tensor())
    scaled = transform(item())
    scaled["pred"] = MetaTensor(torch.ones(1, 6, 5, 4))
    inverted = Invertd("pred", transform, "image")(scaled)["pred"]
    assert float(inverted.mean()) == pytest.approx(scaled["image"].meta["percentile"][0], rel=1e-5)


@pytest.mark.parametrize("key", ["mask", "image"])
def test_an_empty_mask_or_image_is_refused_by_name(key):
    source = item()
    source[key] = source[key] * 0
    with pytest.raises(DataError, match="sub-01: expected"):
        ScaleByPercentiled("image")(source)
