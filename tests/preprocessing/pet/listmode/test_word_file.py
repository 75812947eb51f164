"""List-mode files: round trips, messages about broken files, and a real file with known counts."""

import json
from pathlib import Path

import numpy as np
import pytest

from preprocessing.pet.event_words import (
    AddressLayout,
    is_event,
    is_prompt,
    is_time_mark,
    time_mark_words,
    time_ms,
)
from preprocessing.pet.listmode.word_file import (
    ListModeHeader,
    header_path,
    read_header,
    read_words,
    write_listmode,
)
from preprocessing.pet.thinning import thin_words
from taskgan_ext.errors import DataError

LAYOUT = AddressLayout(("plane", "view", "bin"), (5, 6, 7))
MMR_LAYOUT = AddressLayout(("plane", "view", "bin"), (4084, 252, 344))
MMR_FILE = Path(__file__).parents[5] / "shared" / "data" / "pet" / "small_listmode_file.l"
WORDS = np.array([0x80000000, 0x40000011, 0x00000012, 0xBC000000, 0x80000001], np.uint32)


@pytest.fixture
def listmode_file(tmp_path):
    path = tmp_path / "scan.l"
    write_listmode(path, [WORDS[:2], WORDS[2:]], ListModeHeader("test", LAYOUT, 2, history={"seed": 1}))
    return path


def test_words_are_told_apart():
    np.testing.assert_array_equal(is_event(WORDS), [False, True, True, False, False])
    np.testing.assert_array_equal(is_time_mark(WORDS), [True, False, False, False, True])
    np.testing.assert_array_equal(is_prompt(WORDS[1:3]), [True, False])
    np.testing.assert_array_equal(time_ms(time_mark_words(np.array([0, 5, 2**29 - 1]))), [0, 5, 2**29 - 1])


def test_file_is_little_endian_and_comes_back(listmode_file):
    assert listmode_file.read_bytes()[4:8] == b"\x11\x00\x00\x40"
    np.testing.assert_array_equal(np.concatenate(list(read_words(listmode_file, 2))), WORDS)
    header = read_header(listmode_file)
    assert (header.num_prompts, header.num_delayeds, header.num_words) == (1, 1, 5)
    assert (header.layout, header.history) == (LAYOUT, {"seed": 1})


def test_addresses_decode_to_what_was_encoded():
    addresses = np.arange(LAYOUT.num_addresses, dtype=np.uint32)
    indices = LAYOUT.decode(addresses)
    np.testing.assert_array_equal(np.stack(indices), np.stack(np.unravel_index(addresses, LAYOUT.sizes)))
    np.testing.assert_array_equal(LAYOUT.encode(indices), addresses)


def test_address_out_of_range_names_the_event():
    with pytest.raises(DataError, match=r"event 1001: expected a bin address below 210 .* got 210"):
        LAYOUT.decode(np.array([209, 210], np.uint32), first_event=1000)


@pytest.mark.parametrize("sizes", [(2**15, 2**15), (0, 3), (3,)], ids=["too large", "empty", "unnamed"])
def test_impossible_layout_is_refused(sizes):
    with pytest.raises(ValueError, match="expected"):
        AddressLayout(("view", "bin"), sizes)


def test_truncated_file_names_the_byte(listmode_file):
    listmode_file.write_bytes(listmode_file.read_bytes()[:-2])
    with pytest.raises(DataError, match="file ends at byte 18 inside word 4"):
        next(read_words(listmode_file))
    with pytest.raises(DataError, match=r"expected 20 bytes \(5 words\), but the file ends at byte 18"):
        read_header(listmode_file)


@pytest.mark.parametrize(
    "change", [{"format": "GE"}, {"layout": {}}, {"surplus": 1}], ids=lambda c: next(iter(c))
)
def test_wrong_header_is_refused_by_name(listmode_file, change):
    path = header_path(listmode_file)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=r"scan\.l\.json: "):
        read_header(listmode_file)


def test_missing_file_and_header_are_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.l\.json: expected a JSON file"):
        read_header(tmp_path / "none.l")
    with pytest.raises(DataError, match=r"none\.l: expected a list-mode file"):
        next(read_words(tmp_path / "none.l"))


@pytest.fixture(scope="module")
def mmr_words():
    """The fragment of a Siemens Biograph mMR scan of STIR's test pack."""
    if not MMR_FILE.is_file():
        pytest.skip(f"the real list-mode fragment is not at {MMR_FILE}")
    return next(read_words(MMR_FILE))


def mmr_planes() -> tuple[np.ndarray, np.ndarray]:
    """Segment and axial position of each plane: segments 0, -1, +1, ..., -60, +60 of 64 rings, span 1."""
    segments = [0, *(sign * d for d in range(1, 61) for sign in (-1, 1))]
    table = [(segment, ax) for segment in segments for ax in range(64 - abs(segment))]
    return tuple(np.array(table).T)


def test_real_file_has_its_known_words(mmr_words):
    events, tags = mmr_words[is_event(mmr_words)], mmr_words[~is_event(mmr_words)]
    assert (mmr_words.size, events.size, tags.size) == (254_816, 254_201, 615)
    assert np.count_nonzero(is_prompt(events)) == 218_881
    marks = np.flatnonzero(is_time_mark(mmr_words))
    np.testing.assert_array_equal(time_ms(mmr_words[marks]), np.arange(613))
    assert marks[0] == 187
    others = np.flatnonzero(~is_event(mmr_words) & ~is_time_mark(mmr_words))
    assert others.tolist() == [26_343, 248_675]
    addresses = MMR_LAYOUT.addresses(events)
    assert (addresses.min(), addresses.max()) == (1_712, 354_031_236)
    assert int(addresses.sum(dtype=np.uint64)) == 48_043_523_642_017


def test_real_file_has_its_known_bins_views_and_planes(mmr_words):
    events = mmr_words[is_event(mmr_words)]
    plane, view, radial_bin = (index.astype(np.int64) for index in MMR_LAYOUT.decode(events))
    segments, axial = mmr_planes()
    segment, ssrb = segments[plane], (2 * axial + np.abs(segments))[plane]
    first = np.stack([radial_bin, view, segment, axial[plane], ssrb], axis=1)[:3]
    assert first.tolist() == [[130, 54, -14, 15, 44], [158, 67, 16, 41, 98], [134, 123, 27, 28, 83]]

    prompt = is_prompt(events)
    for kind, sums in (
        (prompt, [36_086_180, 27_472_270, 14_710_713]),
        (~prompt, [5_662_725, 4_437_159, 2_252_787]),
    ):
        assert [int(index[kind].sum()) for index in (radial_bin, view, ssrb)] == sums
    assert [np.count_nonzero(prompt & (np.sign(segment) == sign)) for sign in (-1, 0, 1)] == [
        108_317,
        2_740,
        107_824,
    ]
    net = np.bincount(ssrb[prompt], minlength=127) - np.bincount(ssrb[~prompt], minlength=127)
    expected = [-1, 26, 76, 160, 365, 1103, 2340, 3365, 4120, 4056, 3363, 2317, 919, 455, 145, 46]
    assert net[:121:8].tolist() == expected


def test_no_event_of_the_real_file_touches_a_virtual_crystal(mmr_words):
    _, view, radial_bin = MMR_LAYOUT.decode(mmr_words[is_event(mmr_words)])
    view, k = view.astype(np.int64), radial_bin.astype(np.int64) - 172
    first = (view + k // 2) % 504
    second = (view - (k + 1) // 2 + 252) % 504
    assert np.all(first % 9)
    assert np.all(second % 9)


@pytest.mark.parametrize(("p", "prompts", "delayeds"), [(0.1, 21_965, 3_523), (0.01, 2_152, 375)])
def test_thinning_the_real_file_keeps_known_counts(mmr_words, p, prompts, delayeds):
    thinned, num_events = thin_words(mmr_words, (0, p), key=0)
    kept = is_prompt(thinned[is_event(thinned)])
    assert num_events == 254_201
    assert (np.count_nonzero(kept), np.count_nonzero(~kept)) == (prompts, delayeds)
