"""Targets of one image are loaded once and drawn one by one."""

import pytest
import torch
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.data.epoch_sampler import EpochSampler
from taskgan_ext.data.slice_dataset import SliceDataset
from taskgan_ext.data.targets import merge_targets
from taskgan_ext.errors import DataError

KEYS = ["image", "label", "mask"]
DEPTH = 4


def load():
    return Compose([LoadImaged(KEYS, reader="NibabelReader"), EnsureChannelFirstd(KEYS)])


@pytest.fixture(scope="module")
def items(tiny_mr_cohort):
    return load_datalist(tiny_mr_cohort, "training")


@pytest.fixture(scope="module")
def slices(items):
    return SliceDataset(items, load(), keys=["image", "label"])


def test_one_image_for_each_subject(items):
    merged, targets = merge_targets(items)
    assert len(merged) == 4
    assert [len(of_image) for of_image in targets] == [6] * 4
    assert [target for of_image in targets for target in of_image] == [
        {key: value for key, value in item.items() if key not in {*KEYS, "maps", "regions"}} for item in items
    ]


def test_an_image_with_one_target_stays_as_it_is(items):
    assert merge_targets(items[:1])[0] == items[:1]


def test_every_sample_is_a_slice_of_one_target_with_its_own_property(items, slices):
    assert len(slices) == len(items) * DEPTH
    wanted = {item["case"]: load()(item) for item in items}
    for number in range(len(slices)):
        sample = slices[number]
        case, _, position = sample["case"].rpartition(" slice ")
        assert sample["property"] == wanted[case]["property"] == slices.properties[number]
        assert sample["contrast"] == wanted[case]["contrast"]
        for key in ("image", "label"):
            assert torch.equal(sample[key], wanted[case][key][..., int(position)].as_tensor())
        assert "mask" not in sample


def test_another_data_set_shares_the_volumes(slices):
    other = SliceDataset(slices, keys=["label"])
    assert other.volumes is slices.volumes
    assert torch.equal(other[7]["label"], slices[7]["label"])
    assert "image" not in other[7]


def test_slices_with_little_mask_are_left_out(items):
    def thin(item):
        item["mask"][..., 1] = 0
        return item

    chosen = SliceDataset(items, Compose([load(), thin]), min_mask=0.04)
    assert {chosen[number]["case"][-1] for number in range(len(chosen))} == {"0", "2", "3"}


def test_choosing_by_a_mask_needs_a_mask(items):
    keys = ["image", "label"]
    loading = Compose([LoadImaged(keys, reader="NibabelReader"), EnsureChannelFirstd(keys)])
    without = [{key: value for key, value in item.items() if key != "mask"} for item in items]
    with pytest.raises(DataError, match="expected a mask to choose slices by"):
        SliceDataset(without, loading, min_mask=0.04)


def test_first_epochs_show_one_class_each_then_all(slices):
    sampler = EpochSampler(slices, seed=3, num_samples=20, single_class_epochs=7)
    for epoch in range(1, 10):
        sampler.set_epoch(epoch)
        drawn = [slices.properties[index.sample] for index in sampler]
        assert len(drawn) == len(sampler) == 20
        wanted = {(epoch - 1) % 6} if epoch <= 7 else set(range(6))
        assert set(drawn) == wanted


def test_single_classes_need_properties():
    with pytest.raises(ValueError, match="tells the 'properties'"):
        EpochSampler(range(5), single_class_epochs=1)
