"""One factor for both images, exactly undone."""

import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, EnsureChannelFirstd, Invertd, LoadImaged

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import DataError
from taskgan_ext.transforms.scale_by_mean import SCALE, ScaleByMeand, foreground_mean

KEYS = ["image", "label"]


@pytest.fixture(scope="module")
def preprocessing():
    return Compose([LoadImaged(KEYS, reader="NibabelReader"), EnsureChannelFirstd(KEYS), ScaleByMeand(KEYS)])


@pytest.fixture(scope="module")
def raw(tiny_cohort):
    (item, _) = load_datalist(tiny_cohort, "test")
    return Compose([LoadImaged(KEYS, reader="NibabelReader"), EnsureChannelFirstd(KEYS)])(item)


@pytest.fixture(scope="module")
def scaled(tiny_cohort, preprocessing):
    return preprocessing(load_datalist(tiny_cohort, "test")[0])


def test_degraded_image_has_foreground_mean_one(scaled):
    assert foreground_mean(scaled["image"]) == pytest.approx(1, rel=1e-6)


def test_both_images_are_divided_by_the_mean_of_the_degraded_one(raw, scaled):
    scale = raw["image"][raw["image"] > 0].double().mean().item()
    for key in KEYS:
        assert scaled[key].meta[SCALE] == pytest.approx(scale, rel=1e-12)
        torch.testing.assert_close(scaled[key] * scale, raw[key], rtol=1e-6, atol=0)


def test_restored_image_is_brought_back_to_the_unit_of_the_data(raw, scaled, preprocessing):
    item = scaled | {"pred": MetaTensor(scaled["label"].as_tensor() * 2, meta=scaled["image"].meta)}
    item["pred"].applied_operations = scaled["image"].applied_operations
    invert = Invertd(["pred", *KEYS], preprocessing, orig_keys=["image", *KEYS])
    found = invert(item)
    torch.testing.assert_close(
        found["pred"].as_tensor().squeeze(), 2 * raw["label"].as_tensor().squeeze(), rtol=1e-6, atol=0
    )
    for key in KEYS:
        torch.testing.assert_close(
            found[key].as_tensor().squeeze(), raw[key].as_tensor().squeeze(), rtol=1e-6, atol=0
        )


def test_scaling_keeps_the_geometry(raw, scaled):
    assert torch.equal(scaled["label"].affine, raw["label"].affine)


def test_mean_is_taken_over_the_slices_asked_for():
    volume = torch.zeros(1, 2, 2, 4)
    volume[..., 1], volume[..., 2], volume[0, 0, 0, 3] = 2.0, 4.0, 100.0
    assert foreground_mean(volume, (1, 2)) == 3.0
    assert ScaleByMeand("image", slices=(1, 2))({"image": volume})["image"].meta[SCALE] == 3.0


def test_plain_tensor_is_accepted_and_left_alone():
    image = torch.full((1, 2, 2), 4.0)
    found = ScaleByMeand("image")({"image": image})["image"]
    assert torch.equal(found.as_tensor(), torch.ones(1, 2, 2))
    assert torch.equal(image, torch.full((1, 2, 2), 4.0))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_image_without_a_mean_is_refused_with_its_subject(value):
    with pytest.raises(DataError, match="sub-009: expected an image with values above zero"):
        ScaleByMeand("image")({"image": torch.full((1, 2, 2), value), "subject": "sub-009"})
