"""Pairs of MONAI Label become items of a data list: the property is read, never assumed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged

from taskgan_ext.data import SliceDataset, load_datalist
from taskgan_ext.data.label_items import complete_items, complete_label_pairs, write_label_datalist
from taskgan_ext.errors import ConfigError, DataError


@pytest.fixture
def studies(tmp_path):
    (tmp_path / "labels" / "final").mkdir(parents=True)
    return tmp_path


def pair(studies, name):
    files = {"image": studies / name, "label": studies / "labels" / "final" / name}
    for file in files.values():
        file.touch()
    return {key: str(file) for key, file in files.items()}


def test_the_sidecar_of_the_label_counts_before_that_of_the_image_and_both_before_the_name(studies):
    item = pair(studies, "sub-01_property-3_pet.nii.gz")
    assert complete_items([item]) == [{**item, "property": 3, "subject": "sub-01"}]
    (studies / "sub-01_property-3_pet.json").write_text(json.dumps({"property": 0, "subject": "anna"}))
    assert complete_items([item]) == [{**item, "property": 0, "subject": "anna"}]
    (studies / "labels" / "final" / "sub-01_property-3_pet.json").write_text(json.dumps({"property": 1}))
    assert complete_items([item]) == [{**item, "property": 1, "subject": "anna"}]


@given(st.integers(0, 10**6), st.sampled_from(["", "_pet", "_dose-01"]), st.sampled_from([".nii.gz", ".png"]))
def test_the_name_of_an_image_tells_property_and_subject(value, more, ending):
    image = f"nowhere/sub-7{more}_property-{value}{ending}"
    (item,) = complete_items([{"image": image, "label": "nowhere/label"}])
    assert (item["property"], item["subject"]) == (value, "sub-7")


@pytest.mark.parametrize("sidecar", [None, {"property": "positive"}])
def test_a_property_that_nobody_tells_is_an_error_that_says_what_to_add(studies, sidecar):
    item = pair(studies, "scan.nii.gz")
    if sidecar:
        (studies / "scan.json").write_text(json.dumps(sidecar))
    with pytest.raises(DataError, match=r'scan\.json or .*scan\.json, for example \{"property": 1\}'):
        complete_items([item])


def test_an_image_without_a_named_subject_is_a_subject_of_its_own(studies):
    (item,) = complete_items([pair(studies, "scan-4_property-0.nii.gz")])
    assert item["subject"] == "scan-4_property-0"


def test_only_bare_pairs_of_files_are_completed(studies):
    bare = pair(studies, "a_property-1.nii.gz")
    listed = {"image": "b", "label": "c", "property": 0, "subject": "d"}
    other = {"image": "e"}
    found = complete_label_pairs([bare, listed, other])
    assert found[0]["property"] == 1
    assert found[1:] == [listed, other]


@pytest.mark.parametrize(("count", "share", "held"), [(2, 0.2, 1), (10, 0.2, 2), (3, 0.9, 2)])
def test_the_data_list_splits_by_subject_and_loads(studies, count, share, held):
    pairs = [
        pair(studies, f"sub-{number:02d}_{scan}_property-{number % 2}.nii.gz")
        for number in range(count)
        for scan in "ab"
    ]
    write_label_datalist(pairs, studies / "work" / "datalist.json", share)
    sections = {name: load_datalist(studies / "work", name) for name in ("training", "validation")}
    people = {name: {item["subject"] for item in items} for name, items in sections.items()}
    assert len(people["validation"]) == held
    assert not people["training"] & people["validation"]
    assert sum(map(len, sections.values())) == 2 * count


def test_a_single_subject_or_an_impossible_share_is_refused(studies):
    pairs = [pair(studies, f"sub-1_{scan}_property-1.nii.gz") for scan in "ab"]
    with pytest.raises(DataError, match="two subjects or more, found 1; put the target image"):
        write_label_datalist(pairs, studies / "datalist.json", 0.2)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        write_label_datalist(pairs, studies / "datalist.json", -1)
    assert not (studies / "datalist.json").exists()


def test_slices_of_bare_pairs_have_the_property_of_their_image(tiny_cohort, tmp_path):
    item = load_datalist(tiny_cohort, "training")[1]
    image = tmp_path / f"sub-9_property-{item['property']}.nii.gz"
    image.symlink_to(item["image"])
    load = Compose([LoadImaged(["image", "label"]), EnsureChannelFirstd(["image", "label"])])
    data = SliceDataset([{"image": str(image), "label": item["label"]}], load)
    assert set(data.properties) == {item["property"]}
    assert data[0]["subject"] == "sub-9"
