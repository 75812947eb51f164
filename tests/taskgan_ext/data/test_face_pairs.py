import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.data.face_pairs import Pair, face_name, read_pairs, write_pairs
from taskgan_ext.errors import DataError

FACES = Path(__file__).parents[4] / "shared" / "data" / "faces"
GOOD = "2\nAnn_Lee\t1\t4\nBo\t2\t3\nAnn_Lee\t2\tBo\t1\nAnn_Lee\t3\tCy\t12\n"
PAIRS = [
    Pair("Ann_Lee_0001", "Ann_Lee_0004", True),
    Pair("Bo_0002", "Bo_0003", True),
    Pair("Ann_Lee_0002", "Bo_0001", False),
    Pair("Ann_Lee_0003", "Cy_0012", False),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pairs.txt"


def test_a_list_is_read_as_names_of_images(path, caplog):
    path.write_text(GOOD)
    assert read_pairs(path) == PAIRS
    assert caplog.messages == []


names = st.text("abcXYZ_-'.é 7", min_size=1, max_size=8).filter(lambda name: name.strip())
numbers = st.integers(1, 20_000)


@given(
    st.lists(
        st.tuples(
            names, numbers, st.integers(1, 9), st.tuples(names, names).filter(lambda two: two[0] != two[1])
        ),
        min_size=1,
        max_size=6,
        unique_by=(lambda pair: pair[:3], lambda pair: frozenset(pair[3])),
    )
)
def test_what_is_written_is_read(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("pairs") / "pairs.txt"
    pairs = []
    for name, number, step, (one, other) in content:
        pairs.append(Pair(face_name(name, number), face_name(name, number + step), True))
        pairs.append(Pair(face_name(one, number), face_name(other, step), False))
    write_pairs(path, pairs)
    assert read_pairs(path) == sorted(pairs, key=lambda pair: not pair.same)


def test_writing_what_was_read_gives_the_same_bytes(path, tmp_path):
    path.write_text(GOOD)
    write_pairs(tmp_path / "again.txt", read_pairs(path))
    assert (tmp_path / "again.txt").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        pytest.param(GOOD[2:], "expected the number of pairs in line 1", id="no count"),
        pytest.param(GOOD[:-1], "expected a newline at the end", id="no last newline"),
    ],
)
def test_what_copies_in_circulation_lack_is_said(path, caplog, text, warning):
    path.write_text(text)
    with caplog.at_level(logging.WARNING):
        assert read_pairs(path) == PAIRS
    assert [warning in message for message in caplog.messages] == [True]


def test_line_ends_of_other_systems_are_read(path):
    path.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert read_pairs(path) == PAIRS


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("Bo\t2\t3", "Bo\t2", "line 3: expected name, number, number", id="field missing"),
        pytest.param("Bo\t2\t3", "Bo 2 3", "line 3: .*separated by tabs, got 'Bo 2 3'", id="spaces"),
        pytest.param("Bo\t2\t3", "Bo\t2\tCy\t3", "line 3: expected .* of one person", id="kind"),
        pytest.param("Bo\t2\t3", "Bo\t0\t3", "line 3: expected name", id="counted from zero"),
        pytest.param("Bo\t2\t3", "Bo\t2\tx", "line 3: expected name", id="no number"),
        pytest.param("Bo\t2\t3", "Bo\t2\t2", "line 3: expected two images of the person", id="one image"),
        pytest.param("Bo\t2\t3", "\t2\t3", "line 3: expected name", id="no name"),
        pytest.param("Bo\t2\t3\n", "Bo\t2\t3\n\n", "found 5 lines after it", id="blank line"),
        pytest.param("Ann_Lee\t2\tBo", "Bo\t2\tBo", "line 4: expected two people", id="one person"),
        pytest.param("2\nAnn", "3\nAnn", "3 pairs of one person and 3 of two.*found 4", id="count"),
        pytest.param(GOOD, "", "found an empty file", id="empty"),
        pytest.param(GOOD, "0\n", "found none", id="no pair"),
    ],
)
def test_malformed_lines_are_named(path, old, new, message):
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(DataError, match=message) as raised:
        read_pairs(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(GOOD.replace("Bo\t2\t3", "Ann_Lee\t4\t1"), 3, id="one person, mirrored"),
        pytest.param(GOOD.replace("Ann_Lee\t3\tCy\t12", "Bo\t1\tAnn_Lee\t2"), 5, id="two, mirrored"),
        pytest.param(GOOD.replace("Ann_Lee\t3\tCy\t12", "Ann_Lee\t2\tBo\t01"), 5, id="twice"),
    ],
)
def test_a_pair_that_comes_twice_is_refused(path, text, line):
    path.write_text(text)
    with pytest.raises(DataError, match=f"line {line}: expected another pair than in line {line - 1}"):
        read_pairs(path)


@pytest.mark.parametrize("number", ["9" * 5000, "0" * 5000 + "1"], ids=["nines", "zeros"])
@pytest.mark.parametrize("text", ["{}\nA\t1\t2\n", "A\t{}\t2\n", "A\t1\tB\t{}\n"])
def test_numbers_beyond_all_bounds_are_malformed(path, text, number):
    path.write_text(text.format(number))
    with pytest.raises(DataError, match="line 1: expected name, number") as caught:
        read_pairs(path)
    assert len(str(caught.value)) < 500


def test_all_malformed_lines_are_named_up_to_a_number(path):
    path.write_text("20\n" + "x\n" * 40)
    with pytest.raises(DataError, match=r"line 2: .*line 11: .*; and 30 lines more"):
        read_pairs(path)


def test_unreadable_files_are_named(path):
    with pytest.raises(DataError, match="found no file"):
        read_pairs(path)
    path.write_bytes(b"1\nJos\xe9\t1\t2\nA\t1\tB\t1\n")
    with pytest.raises(DataError, match="UTF-8"):
        read_pairs(path)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        pytest.param(PAIRS[:3], "as many pairs", id="kinds"),
        pytest.param([Pair("Ann", "Ann_0002", True), PAIRS[2]], "name of an image", id="name"),
    ],
)
def test_what_cannot_be_written_is_refused(path, pairs, message):
    with pytest.raises(ValueError, match=message):
        write_pairs(path, pairs)
    assert not path.exists()


@pytest.mark.skipif(not FACES.is_dir(), reason="the lists of LFW's development view are not here")
@pytest.mark.parametrize(("name", "count"), [("pairsDevTrain", 1100), ("pairsDevTest", 500)])
def test_the_development_view_is_read_and_written_exactly(name, count, tmp_path, caplog):
    source = FACES / "lfw_lists" / f"{name}.txt"
    pairs = read_pairs(source)
    assert [pair.same for pair in pairs] == count * [True] + count * [False]
    write_pairs(tmp_path / "copy.txt", pairs)
    assert (tmp_path / "copy.txt").read_bytes() == source.read_bytes()
    assert caplog.messages == []
