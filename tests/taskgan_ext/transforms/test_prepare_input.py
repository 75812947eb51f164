"""Each kind of picture becomes the degraded one that the network was trained on."""

import pytest
import torch
from monai.data import MetaTensor

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.transforms.degrade_resolution import PRESETS, degrade, shrink
from taskgan_ext.transforms.prepare_input import PrepareInputd

PAPER = PRESETS["paper"]


@pytest.fixture
def reference():
    picture = torch.rand(1, 64, 48, 1, generator=torch.Generator().manual_seed(0))
    return MetaTensor(picture, meta={"filename_or_obj": "anna_0001.png"})


def test_all_kinds_of_one_face_become_the_same(reference):
    degraded = degrade(reference.as_tensor(), PAPER)
    pictures = {
        "degraded": degraded,
        "small": shrink(reference.as_tensor(), PAPER),
        "reference": reference,
    }
    for kind, picture in pictures.items():
        image = MetaTensor(picture, meta=reference.meta)
        item = PrepareInputd(size=[64, 48])({"image": image, "input_kind": kind})
        torch.testing.assert_close(item["image"].as_tensor(), degraded)
        assert item["image"].meta["filename_or_obj"] == "anna_0001.png"
        assert ("label" in item) == (kind == "reference")


def test_the_reference_is_kept(reference):
    item = PrepareInputd()({"image": reference, "input_kind": "reference"})
    assert torch.equal(item["label"], reference)


def test_without_a_kind_a_picture_stays_as_it_is(reference):
    assert PrepareInputd()({"image": reference})["image"] is reference


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [("degraded", (8, 8), "64 x 64"), ("small", (64, 64), "8 x 8"), ("reference", (250, 250), "64 x 64")],
)
def test_another_size_is_refused_with_what_was_expected(kind, given, wanted):
    item = {"image": torch.zeros(1, *given, 1), "input_kind": kind, "subject": "anna_0001"}
    message = (
        rf"anna_0001: expected a {kind} picture of {wanted} pixels, got {given[0]} x {given[1]}.*input_kind"
    )
    with pytest.raises(DataError, match=message):
        PrepareInputd(size=(64, 64))(item)


def test_another_kind_is_refused(reference):
    with pytest.raises(ConfigError, match="degraded or small or reference, got 'large'"):
        PrepareInputd()({"image": reference, "input_kind": "large"})
