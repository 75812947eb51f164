import pytest

from preprocessing.face.people_list import Person, read_people
from taskgan_ext.errors import DataError


def read(tmp_path, text):
    (tmp_path / "people.txt").write_bytes(text.encode())
    return read_people(tmp_path / "people.txt")


@pytest.mark.parametrize("text", ["2\nAnn Lee\t3\nZoë\t10\n", "\ufeff2 \r\nAnn Lee\t3\r\nZoë\t10\r\n"])
def test_lines_are_people(tmp_path, text):
    assert read(tmp_path, text) == {2: Person("Ann Lee", 3), 3: Person("Zoë", 10)}


def test_a_missing_count_or_newline_is_a_warning(tmp_path, caplog):
    assert read(tmp_path, "A\t1\nB\t2") == {1: Person("A", 1), 2: Person("B", 2)}
    assert "number of people in line 1, found none" in caplog.text
    assert "newline at the end" in caplog.text


def test_a_count_that_is_wrong_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected 3 people, as line 1 says, found 2 lines"):
        read(tmp_path, "3\nA\t1\nB\t2\n")


def test_all_malformed_lines_are_told(tmp_path):
    with pytest.raises(DataError, match=r"3 problems(?s:.*)line 2:(?s:.*)line 4:(?s:.*)line 5:"):
        read(tmp_path, "4\nA 1\nB\t2\nC\t0\n\t3\n")


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_file_is_refused(tmp_path, text):
    with pytest.raises(DataError, match="found an empty file"):
        read(tmp_path, text)


def test_a_list_of_nobody_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected people, found none"):
        read(tmp_path, "0\n")


@pytest.mark.parametrize("text", ["{}\nA\t1\n", "A\t{}\n"])
@pytest.mark.parametrize("number", ["9" * 5000, "0" * 5000 + "1"], ids=["nines", "zeros"])
def test_numbers_beyond_all_bounds_are_malformed(tmp_path, text, number):
    with pytest.raises(DataError, match="line 1: expected a name, a tab and the number of images") as caught:
        read(tmp_path, text.format(number))
    assert len(str(caught.value)) < 500


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="found no file"):
        read_people(tmp_path / "none.txt")
