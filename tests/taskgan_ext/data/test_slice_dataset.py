"""Slices come from memory, from one subject each, with an augmentation that is a function of the draw."""

import shutil

import pytest
import torch
from monai.data import DataLoader
from monai.transforms import (
    Compose,
    EnsureChannelFirstd,
    LoadImaged,
    RandFlipd,
    RandGaussianNoised,
    RandScaleIntensityd,
)

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.data.epoch_sampler import EpochIndex, EpochSampler
from taskgan_ext.data.slice_dataset import SliceDataset, slice_stack
from taskgan_ext.errors import DataError

DEPTH = 6


def load(keys=("image", "label")):
    return Compose([LoadImaged(keys, reader="NibabelReader"), EnsureChannelFirstd(keys)])


def augmentation():
    return Compose(
        [
            RandFlipd(["image", "label"], prob=0.5, spatial_axis=0),
            RandScaleIntensityd("image", factors=0.5, prob=0.9),
            RandGaussianNoised("image", std=1.0, prob=0.9),
        ]
    )


@pytest.fixture(scope="module")
def items(tiny_cohort):
    return load_datalist(tiny_cohort, "training")


@pytest.fixture(scope="module")
def volumes(items):
    return [load()(item) for item in items]


@pytest.fixture(scope="module")
def augmented(items):
    return SliceDataset(items, load(), augmentation(), seed=4)


def test_what_only_some_items_have_is_left_out_of_batches(items):
    mixed = [{**item, "dose": 0.01} for item in items]
    mixed[0]["stratum"] = "with lesions"
    del mixed[-1]["regions"]
    keys = ["image", "label", "regions"]
    reading = Compose(
        [
            LoadImaged(keys, reader="NibabelReader", allow_missing_keys=True),
            EnsureChannelFirstd(keys, allow_missing_keys=True),
        ]
    )
    data = SliceDataset(mixed, reading)
    assert all({"stratum", "regions"}.isdisjoint(data[number]) for number in range(len(data)))
    (batch,) = DataLoader(data, batch_size=len(data))
    assert len(batch["dose"]) == len(data)


@pytest.mark.parametrize("stack", [1, 3, 5])
def test_stack_holds_neighbours_of_the_same_subject_and_repeats_the_ends(items, volumes, stack):
    data = SliceDataset(items, load(), stack=stack)
    assert len(data) == DEPTH * len(items)
    for number in range(len(data)):
        case, position = divmod(number, DEPTH)
        item = data[number]
        wanted = [
            volumes[case]["image"][0, :, :, min(max(position + offset, 0), DEPTH - 1)]
            for offset in range(-(stack // 2), stack // 2 + 1)
        ]
        assert torch.equal(item["image"], torch.stack(wanted).as_tensor())
        assert torch.equal(item["label"], volumes[case]["label"][..., position].as_tensor())
        assert (item["property"], item["subject"]) == (items[case]["property"], items[case]["subject"])
        assert item["case"] == f"{items[case]['subject']} slice {position}"


def test_stack_of_several_channels_is_in_axial_order():
    volume = torch.arange(24.0).reshape(2, 2, 2, 3)
    stacked = slice_stack(volume, 0, 3)
    assert stacked.shape == (6, 2, 2)
    assert torch.equal(stacked.reshape(3, 2, 2, 2).movedim(0, -1), volume[..., [0, 0, 1]])


def test_only_the_slices_asked_for_are_used(items):
    data = SliceDataset(items, load(), slices=[2, 4])
    assert [data[number]["case"][-1] for number in range(4)] == ["2", "3", "4", "2"]


@pytest.mark.parametrize("slices", [(0, DEPTH), (-1, 2), (4, 3)])
def test_slices_outside_the_volume_are_refused_with_the_subject(items, slices):
    with pytest.raises(DataError, match=r"sub-001: expected slices .* within 0..5"):
        SliceDataset(items, load(), slices=slices)


@pytest.mark.parametrize("stack", [0, 2, -1])
def test_even_stack_is_refused(items, stack):
    with pytest.raises(ValueError, match="odd number"):
        SliceDataset(items, load(), stack=stack)


def test_augmentation_is_a_function_of_seed_epoch_and_index(items, augmented):
    first = augmented[EpochIndex(1, 7)]["image"]
    torch.rand(3)
    for other in (EpochIndex(2, 7), EpochIndex(1, 8)):
        assert not torch.equal(augmented[other]["image"], first)
    assert torch.equal(augmented[EpochIndex(1, 7)]["image"], first)
    same, other_seed = (SliceDataset(items, load(), augmentation(), seed=seed) for seed in (4, 5))
    assert torch.equal(same[EpochIndex(1, 7)]["image"], first)
    assert not torch.equal(other_seed[EpochIndex(1, 7)]["image"], first)


def batches(data, num_workers):
    sampler = EpochSampler(data, seed=1)
    sampler.set_epoch(2)
    return list(DataLoader(data, batch_size=5, sampler=sampler, num_workers=num_workers))


def test_batches_do_not_depend_on_the_number_of_workers(augmented):
    for here, there in zip(batches(augmented, 0), batches(augmented, 2), strict=True):
        assert here["case"] == there["case"]
        for key in ("image", "label", "property"):
            assert torch.equal(here[key], there[key])


def test_no_file_is_read_once_the_cache_is_filled(tiny_cohort, tmp_path):
    folder = shutil.copytree(tiny_cohort, tmp_path / "cohort")
    data = SliceDataset(load_datalist(folder, "training"), load(), augmentation(), stack=3)
    shutil.rmtree(folder)
    assert len(batches(data, 0)) == -(-len(data) // 5)


def test_augmentation_leaves_the_cache_alone(items, volumes):
    data = SliceDataset(items, load(), augmentation(), seed=4)
    for number in range(DEPTH):
        data[EpochIndex(1, number)]["image"].zero_()
    data.augment = None
    assert torch.equal(data[2]["image"], volumes[0]["image"][..., 2].as_tensor())


def test_items_without_augmentation_do_not_touch_the_random_generators(items):
    data = SliceDataset(items, load())
    before = torch.get_rng_state()
    data[EpochIndex(1, 0)]
    assert torch.equal(torch.get_rng_state(), before)
