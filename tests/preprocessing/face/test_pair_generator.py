import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing.face.pair_generator import draw_pairs, most_pairs
from taskgan_ext.data.face_pairs import read_pairs, split_face_name, write_pairs
from taskgan_ext.errors import ConfigError

FACES = st.lists(st.integers(1, 6), min_size=2, max_size=8).map(
    lambda counts: {f"P_{index}": range(1, count + 1) for index, count in enumerate(counts)}
)


@settings(max_examples=60, deadline=None)
@given(faces=FACES, seed=st.integers(0, 99), share=st.floats(0, 1))
def test_pairs_are_what_they_say_and_none_comes_twice(faces, seed, share):
    most = most_pairs(faces)
    if most == 0:
        with pytest.raises(ConfigError, match="from 1 to 0"):
            draw_pairs(faces, 1, seed)
        return
    count = max(1, round(share * most))
    pairs = draw_pairs(faces, count, seed)
    assert pairs == draw_pairs(faces, count, seed)
    assert [pair.same for pair in pairs] == [True] * count + [False] * count
    assert len({frozenset((pair.first, pair.second)) for pair in pairs}) == 2 * count
    for pair in pairs:
        (one, first), (other, second) = split_face_name(pair.first), split_face_name(pair.second)
        assert (one == other) is pair.same
        assert pair.first != pair.second
        assert first in faces[one]
        assert second in faces[other]


def test_people_are_drawn_and_not_pictures():
    """Somebody with many pictures must not fill the list."""
    faces = {"Many": range(1, 101), **{f"Few_{index}": (1, 2, 3) for index in range(30)}}
    people = [split_face_name(pair.first)[0] for pair in draw_pairs(faces, 60, 0) if pair.same]
    assert people.count("Many") < 10


def test_the_file_holds_what_was_drawn(tmp_path):
    pairs = draw_pairs({"Zoë_Ångström": [1, 2, 7], "B": [2, 10]}, 2, 3)
    write_pairs(tmp_path / "pairs.txt", pairs)
    assert read_pairs(tmp_path / "pairs.txt") == pairs
    assert (tmp_path / "pairs.txt").read_text().startswith("2\n")


def test_more_pairs_than_there_are_are_refused():
    with pytest.raises(ConfigError, match=r"from 1 to 4, .* 2 people with 5 pictures allow, got 5"):
        draw_pairs({"A": [1, 2, 3], "B": [1, 2]}, 5, 0)


def test_a_negative_seed_is_refused():
    with pytest.raises(ConfigError, match="seed: expected 0 or more, got -1"):
        draw_pairs({"A": [1, 2], "B": [1]}, 1, -1)
