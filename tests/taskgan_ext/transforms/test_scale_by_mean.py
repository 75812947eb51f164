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
    scale = foreground_mean(raw["image"])
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


def test_the_reference_gets_the_level_asked_for(raw):
    found = ScaleByMeand("image", level=4.0)({"image": raw["image"]})["image"]
    assert foreground_mean(found) == pytest.approx(4.0, rel=1e-6)


@pytest.fixture(scope="module")
def head():
    """A blurred ball with noise in faint air, Bq/ml."""
    axes = torch.meshgrid(*(torch.linspace(-1, 1, n) for n in (40, 40, 12)), indexing="ij")
    distance = torch.stack(axes).square().sum(0).sqrt()
    noise = torch.rand(distance.shape, generator=torch.Generator().manual_seed(0))
    return (4000 * torch.sigmoid((0.6 - distance) * 20) * (0.7 + 0.6 * noise) + 1e-3 * noise).unsqueeze(0)


def test_mean_does_not_depend_on_the_amount_of_air(head):
    wanted = foreground_mean(head)
    padded = torch.nn.functional.pad(head, (0, 0, 30, 30, 30, 30), value=1e-4)
    assert foreground_mean(padded) == pytest.approx(wanted, rel=1e-9)
    assert foreground_mean(head[:, 4:36, 4:36]) == pytest.approx(wanted, rel=1e-9)


def test_mean_does_not_depend_on_whether_air_is_zero(head):
    # What 16 bit integers with a slope for each slice leave of it.
    slope = head.amax(dim=(0, 1, 2)) / 32767
    stored = (head / slope).round() * slope
    assert (stored == 0).sum() > (head == 0).sum()
    assert foreground_mean(stored) == pytest.approx(foreground_mean(head), rel=1e-4)


def test_plain_tensor_is_accepted_and_left_alone():
    image = torch.full((1, 2, 2), 4.0)
    found = ScaleByMeand("image")({"image": image})["image"]
    assert torch.equal(found.as_tensor(), torch.ones(1, 2, 2))
    assert torch.equal(image, torch.full((1, 2, 2), 4.0))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_image_without_a_mean_is_refused_with_its_subject(value):
    with pytest.raises(DataError, match="sub-009: expected an image with values above zero"):
        ScaleByMeand("image")({"image": torch.full((1, 2, 2), value), "subject": "sub-009"})
