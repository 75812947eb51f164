import unicodedata

import pytest
from photographs import write_photograph

from preprocessing.face.source_faces import find_faces
from taskgan_ext.errors import DataError


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_lfw_is_read_with_its_numbers(tmp_path):
    touch(tmp_path, "lfw2/Ann_Lee/Ann_Lee_0002.jpg", "lfw2/Ann_Lee/Ann_Lee_0010.jpg", "lfw2/Bo/Bo_0001.jpg")
    touch(tmp_path, "readme.txt")
    faces = find_faces(tmp_path)
    assert {who: sorted(paths) for who, paths in faces.paths.items()} == {"Ann_Lee": [2, 10], "Bo": [1]}
    assert find_faces(tmp_path / "lfw2").paths == faces.paths
    assert faces.notices == []


def test_other_names_are_counted_in_their_natural_order(tmp_path):
    touch(tmp_path, "s1/10.pgm", "s1/9.pgm", "s1/1.PGM", "s1/.hidden.pgm", ".git/x.png")
    paths = find_faces(tmp_path).paths
    assert {number: path.name for number, path in paths["s1"].items()} == {
        1: "1.PGM",
        2: "9.pgm",
        3: "10.pgm",
    }


def test_what_is_no_picture_is_left_out_with_a_notice(tmp_path):
    touch(tmp_path, "A/1.png", "A/Thumbs.db", "B/notes.txt")
    faces = find_faces(tmp_path)
    assert list(faces.paths) == ["A"]
    assert any("B: left out, it holds no picture" in text for text in faces.notices)
    assert any("left out 2 files" in text for text in faces.notices)


def test_accents_are_one_name_however_they_are_stored(tmp_path):
    decomposed = unicodedata.normalize("NFD", "Zoë")
    touch(tmp_path, f"{decomposed}/{decomposed}_0003.png", "李/李_0001.jpg")
    assert {who: sorted(paths) for who, paths in find_faces(tmp_path).paths.items()} == {
        "Zoë": [3],
        "李": [1],
    }


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["A/A_0001.png", "A/A_0001.jpg"], "expected one picture of this number, there is A_0001.jpg"),
        (["A/A_0001.png", "A/A_1.jpg"], "expected one picture of this number"),
        (["A/x.png", "A/x.jpg"], "expected one picture of this name, there is x.jpg"),
        (["A/A_0001.png", "A/portrait.png"], "portrait.png: expected A_0001 or another number"),
        (["A/A_0000.png"], "expected A_0001 or another number from 1"),
        (["Ann/1.png", "ann/1.png"], "differ by more than case"),
        (["A\tB/1.png"], "without tabs"),
        (["1.png"], "found none; give the folder that holds one folder per person"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(tmp_path, names, message):
    touch(tmp_path, *names)
    with pytest.raises(DataError, match=message):
        find_faces(tmp_path)


@pytest.mark.parametrize("name", ["A/a.png", "B"])
def test_a_link_to_nothing_is_a_problem(tmp_path, name):
    touch(tmp_path, "A/1.png")
    (tmp_path / name).symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=f"{name}: expected a file or folder, found a link to something"):
        find_faces(tmp_path)


def test_all_problems_are_told_at_once(tmp_path):
    touch(tmp_path, *(f"P{index}/{name}" for index in range(30) for name in ("x.png", "x.jpg")))
    with pytest.raises(DataError, match=r"30 problems, nothing was written(?s:.*)and 10 more$"):
        find_faces(tmp_path)


def test_a_file_is_no_folder_of_people(tmp_path):
    write_photograph(tmp_path / "a.png")
    with pytest.raises(DataError, match="expected a folder with one folder per person"):
        find_faces(tmp_path / "a.png")
