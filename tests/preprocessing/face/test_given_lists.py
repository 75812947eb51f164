import pytest
from photographs import SHARED

from preprocessing.face.given_lists import ListFiles, read_given_lists
from preprocessing.face.people_list import read_people
from taskgan_ext.data.face_pairs import read_pairs, split_face_name
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.keys import SECTIONS, TEST, TRAINING, VALIDATION

LFW = SHARED / "lfw_lists"
FACES = {f"P{index:02d}": [1, 2, 3] for index in range(40)}


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def pairs_of(path, people):
    """A list with one pair of each person, and as many of neighbours."""
    lines = [f"{who}\t1\t2" for who in people]
    lines += [f"{who}\t1\t{other}\t3" for who, other in zip(people, people[1:] + people[:1], strict=True)]
    return write(path, "\n".join([str(len(people)), *lines, ""]))


def in_pairs(pairs):
    return {split_face_name(name)[0] for pair in pairs for name in (pair.first, pair.second)}


@pytest.fixture
def lfw_faces():
    if not LFW.is_dir():
        pytest.skip("the lists of LFW are not there")
    people = [
        *read_people(LFW / "peopleDevTrain.txt").values(),
        *read_people(LFW / "peopleDevTest.txt").values(),
    ]
    return {person.name: range(1, person.images + 1) for person in people}


@pytest.mark.parametrize("with_people", [True, False])
def test_the_development_view_of_lfw_is_read_exactly(lfw_faces, with_people):
    people = {"people_train": LFW / "peopleDevTrain.txt", "people_test": LFW / "peopleDevTest.txt"}
    lists = ListFiles(LFW / "pairsDevTrain.txt", LFW / "pairsDevTest.txt", **(people if with_people else {}))
    given = read_given_lists(lists, lfw_faces, seed=0)
    assert given.pairs[TEST] == read_pairs(LFW / "pairsDevTest.txt")
    assert given.pairs[TRAINING] == read_pairs(LFW / "pairsDevTrain.txt")
    assert [len(given.pairs[section]) for section in (TRAINING, TEST)] == [2200, 1000]
    sizes = {section: len(given.sections[section]) for section in SECTIONS}
    assert sizes[TEST] == (1711 if with_people else 963)
    assert sum(sizes.values()) == len(lfw_faces) == 5749
    assert in_pairs(given.pairs[TRAINING]) <= set(given.sections[TRAINING])
    assert not given.notices


def test_nobody_of_the_test_list_is_in_training(tmp_path):
    lists = ListFiles(pairs_test=pairs_of(tmp_path / "test.txt", ["P01", "P07", "P30"]))
    given = read_given_lists(lists, FACES, seed=0)
    assert given.sections[TEST] == ["P01", "P07", "P30"]
    everyone = [who for section in SECTIONS for who in given.sections[section]]
    assert sorted(everyone) == sorted(FACES)
    assert len(given.sections[VALIDATION]) == round(37 * 4 / 30)


def test_validation_leaves_training_pairs_alone_where_it_can(tmp_path):
    lists = ListFiles(
        pairs_of(tmp_path / "train.txt", sorted(FACES)[:20]), pairs_of(tmp_path / "test.txt", ["P38", "P39"])
    )
    given = read_given_lists(lists, FACES, seed=0)
    assert given.pairs[TRAINING] == read_pairs(lists.pairs_train)
    assert not set(given.sections[VALIDATION]) & set(sorted(FACES)[:20])


def test_pairs_of_people_in_validation_are_left_out_and_told(tmp_path):
    lists = ListFiles(
        pairs_of(tmp_path / "train.txt", sorted(FACES)[:38]), pairs_of(tmp_path / "test.txt", ["P38", "P39"])
    )
    given = read_given_lists(lists, FACES, seed=0)
    assert in_pairs(given.pairs[TRAINING]) <= set(given.sections[TRAINING])
    assert sum(pair.same for pair in given.pairs[TRAINING]) * 2 == len(given.pairs[TRAINING]) > 0
    assert f"{len(given.pairs[TRAINING])} of 76 training pairs were kept" in given.notices[0]


def test_people_in_no_list_are_left_out_where_training_is_listed(tmp_path):
    lists = ListFiles(
        people_train=write(tmp_path / "train.txt", "2\nP00\t3\nP01\t3\n"),
        people_test=write(tmp_path / "test.txt", "1\nP02\t3\n"),
    )
    given = read_given_lists(lists, FACES, seed=0)
    assert sorted(who for people in given.sections.values() for who in people) == ["P00", "P01", "P02"]
    assert given.notices == ["37 people are in no list and were left out"]


def test_all_people_may_be_in_test(tmp_path):
    people = write(tmp_path / "people.txt", "".join(f"{who}\t3\n" for who in FACES))
    given = read_given_lists(ListFiles(people_test=people), FACES, seed=0)
    assert given.sections == {TRAINING: [], VALIDATION: [], TEST: sorted(FACES)}


def test_everything_that_is_wrong_is_told_with_its_line(tmp_path):
    train = write(tmp_path / "train.txt", "1\nP00\t1\t9\nNobody\t1\tP01\t1\n")
    test = write(tmp_path / "test.txt", "1\nP02\t1\t2\nP01\t1\tP02\t3\n")
    people = write(tmp_path / "people.txt", "1\nP05\t7\n")
    malformed = write(tmp_path / "more.txt", "1\nP02 1 2\nP03\t1\tP03\t2\n")
    with pytest.raises(DataError) as caught:
        read_given_lists(ListFiles(train, test, people), FACES, 0)
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("4 problems, nothing was written")
    for place, text in {
        "train.txt line 2": "expected a picture P00_0009, found none",
        "train.txt line 3: e": "expected a picture Nobody_0001, found none",
        "people.txt line 2": "expected 7 pictures of P05, found 3",
        "train.txt line 3: P01": f"P01 is in test too ({test} line 3)",
    }.items():
        assert any(place in line and text in line for line in lines), place
    with pytest.raises(DataError, match=r"(?s)line 2: .*line 3: .*people.txt line 2"):
        read_given_lists(ListFiles(malformed, test, people), FACES, 0)


def test_unequal_kinds_without_a_count_are_refused(tmp_path):
    test = write(tmp_path / "test.txt", "P02\t1\t2\nP03\t1\t2\nP01\t1\tP02\t3\n")
    with pytest.raises(DataError, match="as many pairs of one person as of two, got 2 and 1"):
        read_given_lists(ListFiles(pairs_test=test), FACES, 0)


def test_a_list_for_training_needs_one_for_test(tmp_path):
    with pytest.raises(ConfigError, match="--pairs-test or --people-test"):
        ListFiles(pairs_train=tmp_path / "train.txt")
