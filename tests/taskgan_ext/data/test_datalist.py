"""A data list is checked before anything is trained on it."""

import copy
import shutil
from pathlib import Path

import pytest

from taskgan_ext.data.datalist import count_classes, load_datalist
from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json, write_json

COMMAND = "python -m preprocessing pet simulate"


@pytest.fixture
def content(tiny_cohort):
    return copy.deepcopy(read_json(tiny_cohort / "datalist.json"))


@pytest.mark.parametrize("name", ["", "datalist.json"], ids=["folder", "file"])
def test_items_have_absolute_paths_that_exist(tiny_cohort, name):
    items = load_datalist(tiny_cohort / name, "training")
    assert [item["subject"] for item in items] == ["sub-001", "sub-002", "sub-003", "sub-004"]
    assert [item["property"] for item in items] == [0, 1, 0, 1]
    for item in items:
        assert all(
            Path(item[key]).is_absolute() and Path(item[key]).is_file()
            for key in ("image", "label", "regions")
        )


def test_sections_are_joined_in_the_order_asked_for(tiny_cohort):
    items = load_datalist(tiny_cohort, ["test", "validation"])
    assert [item["subject"] for item in items] == ["sub-007", "sub-008", "sub-005", "sub-006"]


def test_missing_data_list_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(DataError, match=f"no data list at {tmp_path}/datalist.json; make one.*{COMMAND}"):
        load_datalist(tmp_path, "training", COMMAND)


@pytest.mark.parametrize("key", ["image", "label", "property", "subject"])
def test_missing_key_is_named_with_its_item(tmp_path, content, key):
    del content["training"][1][key]
    write_json(tmp_path / "datalist.json", content)
    with pytest.raises(DataError, match=rf"training\[1\] has no '{key}'"):
        load_datalist(tmp_path, "training")


def test_missing_section_is_named(tmp_path, content):
    del content["validation"]
    write_json(tmp_path / "datalist.json", content)
    with pytest.raises(DataError, match="expected a list 'validation'"):
        load_datalist(tmp_path, "training")


def test_empty_section_is_refused(tmp_path, content):
    content["test"] = []
    write_json(tmp_path / "datalist.json", content)
    with pytest.raises(DataError, match="at least one case in test, found none"):
        load_datalist(tmp_path, "test")


def test_subject_in_two_sections_is_refused_whatever_section_is_read(tmp_path, content):
    content["test"][0]["subject"] = "sub-001"
    write_json(tmp_path / "datalist.json", content)
    with pytest.raises(DataError, match="subject sub-001 is in training and in test"):
        load_datalist(tmp_path, "validation")


def test_missing_image_is_named_with_its_subject(tiny_cohort, tmp_path):
    folder = shutil.copytree(tiny_cohort, tmp_path / "cohort")
    (folder / "sub-003/sub-003_label.nii.gz").unlink()
    with pytest.raises(DataError, match=r"sub-003 names .*sub-003_label.nii.gz as label, which does not"):
        load_datalist(folder, "training")


def test_classes_of_a_section_are_counted():
    assert count_classes([{"property": number % 3} for number in range(7)]) == 3


@pytest.mark.parametrize("properties", [[0, 2], [1, 2], [0.5, 0], ["anna", 0]])
def test_properties_that_are_no_classes_from_0_on_are_refused(properties):
    with pytest.raises(DataError, match="expected properties 0 to 1, one for each class"):
        count_classes([{"property": value} for value in properties])
