"""A file is whole or absent."""

import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import atomic_path, read_json, write_json


def fail_while_writing(path):
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        raise OSError("disk full")


def test_error_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="disk full"):
        fail_while_writing(tmp_path / "new.txt")
    assert list(tmp_path.iterdir()) == []


def test_error_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("whole")
    with pytest.raises(OSError, match="disk full"):
        fail_while_writing(path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["whole"]


def test_nothing_is_at_the_path_before_the_end(tmp_path):
    path = tmp_path / "deep" / "folder" / "a.nii.gz"
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.name.endswith(".nii.gz")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_json_survives_the_round_trip_in_order(tmp_path):
    content = {"b": 1, "a": [1.5, None, "ü"], "c": {"d": True}}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == content
    assert list(read_json(tmp_path / "a.json")) == ["b", "a", "c"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_what_it_cannot_hold_and_keeps_the_old_file(tmp_path, value):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"a": value})
    assert read_json(path) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a JSON file, found none"),
        (b"{", "cannot be parsed"),
        (b"\xff\xfe{", "cannot be parsed"),
        (b"[1]", "expected a JSON object, got a list"),
    ],
    ids=["missing", "cut", "binary", "list"],
)
def test_broken_json_is_refused_with_its_path(tmp_path, content, message):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_json(path)
    assert str(path) in str(caught.value)


def test_an_error_of_the_system_that_names_no_file_is_given_the_name(tmp_path):
    with pytest.raises(OSError, match=r"\[Errno 28\] full: .*a\.txt"), atomic_path(tmp_path / "a.txt"):
        raise OSError(28, "full")
