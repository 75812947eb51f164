"""Pictures are found in files, folders and data lists, and each is said to be of a kind."""

import shutil

import pytest

from taskgan_ext.data.list_pictures import list_pictures
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import write_json

COMMAND = "python -m preprocessing face simulate"


@pytest.fixture
def folder(tmp_path):
    """Three pictures of two identities, and what is no picture."""
    names = ("anna/anna_0001.png", "anna/anna_0002.JPG", "bert/bert_0001.pgm", "bert/notes.txt")
    for name in (*names, "anna/.writing-1.png", ".thumbnails/a.png"):
        path = tmp_path / "faces" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "faces"


def names_of(items):
    return [item["subject"] for item in items]


def test_pictures_of_all_folders_are_listed_in_order(folder):
    items = list_pictures(folder, "small")
    assert names_of(items) == ["anna_0001", "anna_0002", "bert_0001"]
    assert {item["input_kind"] for item in items} == {"small"}
    assert items[0]["image"] == str(folder / "anna" / "anna_0001.png")


def test_one_file_is_one_picture(folder):
    path = str(folder / "anna" / "anna_0002.JPG")
    assert list_pictures(path) == [{"image": path, "subject": "anna_0002", "input_kind": "degraded"}]


def test_a_data_list_says_itself_what_its_pictures_are(folder):
    reference, other = "anna/anna_0001.png", "anna/anna_0002.JPG"
    item = {"image": reference, "label": reference, "property": 0, "subject": "anna"}
    content = {"training": [], "validation": [], "test": [item, {**item, "image": other}]}
    write_json(folder / "datalist.json", content)
    items = list_pictures(folder, "small")
    assert items == list_pictures(folder / "datalist.json")
    assert [item["input_kind"] for item in items] == ["reference", "degraded"]
    assert items[0]["image"] == str(folder / reference)


@pytest.mark.parametrize("output", ["restored", "anna/restored"])
def test_results_of_an_earlier_run_are_not_listed(folder, output):
    before = list_pictures(folder)
    shutil.copytree(folder / "bert", folder / output)
    assert list_pictures(folder, output_dir=folder / output) == before
    assert len(list_pictures(folder)) == 4


@pytest.mark.parametrize("output", [".", "../elsewhere"])
def test_an_output_outside_hides_nothing(folder, output):
    path = folder / "anna" if output == "." else folder
    assert list_pictures(path, output_dir=folder / output) == list_pictures(path)


def test_results_among_the_inputs_are_refused(folder):
    with pytest.raises(ConfigError, match="expected an output_dir other than"):
        list_pictures(folder, output_dir=folder / "anna" / "..")


def test_pictures_whose_results_would_have_one_name_are_refused(folder):
    (folder / "anna" / "anna_0001.jpg").touch()
    with pytest.raises(DataError, match=r"anna_0001\.jpg and anna_0001\.png: expected pictures of different"):
        list_pictures(folder)


@pytest.mark.parametrize("name", ["bert/notes.txt", "absent.png", "empty"])
def test_no_picture_is_refused_with_the_command(folder, name):
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match=f"expected a picture .*{COMMAND}"):
        list_pictures(folder / name, make_with=COMMAND)


def test_another_kind_is_refused(folder):
    with pytest.raises(ConfigError, match="degraded, small, reference, got 'large'"):
        list_pictures(folder, "large")
