import itertools

import pytest

from preprocessing.face import cohort_lists as module
from preprocessing.face.cohort_lists import write_lists
from taskgan_ext.data.face_pairs import read_pairs
from taskgan_ext.io.atomic import read_json

FEW, MORE = {"A": [1, 2], "B": [1]}, {"A": [1, 2], "C": [1, 2]}


def datalist(faces, digest="0"):
    items = [
        {"case": f"{who}_{number:04d}", "subject": who, "sha256": [digest]}
        for who in faces
        for number in faces[who]
    ]
    return {"training": [], "validation": [], "test": items}


def test_only_a_section_with_enough_pictures_has_pairs(tmp_path):
    write_lists(tmp_path, datalist(FEW), 0)
    assert {path.name for path in tmp_path.iterdir()} == {"datalist.json", "pairs_test.txt"}
    write_lists(tmp_path, datalist({"A": [1], "B": [1]}), 0)
    assert [path.name for path in tmp_path.iterdir()] == ["datalist.json"]


@pytest.mark.parametrize("step", range(6))
def test_wherever_a_change_is_stopped_pairs_are_never_older_than_the_data_list(tmp_path, monkeypatch, step):
    write_lists(tmp_path, datalist(FEW), 0)
    steps = itertools.count()

    def stopping(do):
        def stop_or_do(*arguments, **options):
            if next(steps) == step:
                raise KeyboardInterrupt
            return do(*arguments, **options)

        return stop_or_do

    with monkeypatch.context() as patch:
        patch.setattr(module.Path, "unlink", stopping(module.Path.unlink))
        for name in ("write_json", "write_pairs"):
            patch.setattr(module, name, stopping(getattr(module, name)))
        with pytest.raises(KeyboardInterrupt):
            write_lists(tmp_path, datalist(MORE), 0)
    if (tmp_path / "pairs_test.txt").is_file():
        assert read_json(tmp_path / "datalist.json") == datalist(FEW)
    write_lists(tmp_path, datalist(MORE), 0)
    assert {pair.second for pair in read_pairs(tmp_path / "pairs_test.txt") if not pair.same} & {
        "C_0001",
        "C_0002",
    }


def test_pairs_of_the_user_stay_where_only_pixels_have_changed(tmp_path):
    write_lists(tmp_path, datalist(MORE), 0)
    mine = tmp_path / "pairs_test.txt"
    mine.write_text("mine")
    write_lists(tmp_path, datalist(MORE, digest="1"), 0)
    assert mine.read_text() == "mine"
    assert read_json(tmp_path / "datalist.json") == datalist(MORE, digest="1")
