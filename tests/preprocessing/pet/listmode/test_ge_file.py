"""GE RDF9 files, made here: no real one is public."""

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listmode_files import ge_record, ge_time_mark, write_ge

from preprocessing.pet.listmode.ge_records import record_starts
from preprocessing.pet.listmode.open_listmode import open_listmode
from taskgan_ext.errors import RefusedListMode

EVENTS = [((0, 0), (447, 44), 0), ((100, 7), (300, 30), -175), ((5, 44), (6, 0), 175), ((1, 1), (2, 2), -1)]


def stream(codes):
    """Two time marks, 5 s apart, each followed by all events."""
    records = []
    for k in range(2):
        records.append(ge_time_mark(70_000 + 5_000 * k, codes[k % len(codes)]))
        for index, (low, high, delta) in enumerate(EVENTS):
            records.append(ge_record(codes[index % len(codes)], low, high, delta))
    return b"".join(records)


@pytest.mark.parametrize("codes", [(1,), (2,), (3,), (1, 2, 3)])
@pytest.mark.parametrize("chunk_events", [1, 3, 1000])
def test_records_of_every_length_come_back(tmp_path, codes, chunk_events):
    source = open_listmode(write_ge(tmp_path / "scan.rdf", stream(codes)))
    chunks = list(source.events(chunk_events))
    detectors = np.concatenate([chunk.detectors for chunk in chunks])
    expected = [[ring * 448 + 447 - transaxial for transaxial, ring in event[:2]] for event in EVENTS]
    np.testing.assert_array_equal(detectors, expected * 2)
    assert np.concatenate([c.tof for c in chunks]).tolist() == [175 - delta for *_, delta in EVENTS] * 2
    assert np.concatenate([c.time_ms for c in chunks]).tolist() == [0] * 4 + [5_000] * 4
    assert all(chunk.prompt.all() for chunk in chunks)


@pytest.mark.parametrize("codes", [(1,), (1, 3, 2)])
def test_starts_are_those_of_a_loop_over_the_records(codes):
    rng = np.random.default_rng(0)
    lengths = {1: 3, 2: 4, 3: 8}
    words, expected = [], []
    for code in rng.choice(codes, 500).tolist():
        expected.append(len(words))
        words += [code, *rng.integers(0, 2**16, lengths[code] - 1).tolist()]
    words = np.array(words, np.uint16)
    for cut in (words.size, words.size - 1, words.size - 2):
        starts, num_words = record_starts(words[:cut])
        whole = expected if cut == words.size else expected[:-1]
        np.testing.assert_array_equal(starts, whole)
        assert num_words == (words.size if cut == words.size else expected[-1])


@given(st.lists(st.integers(0, 2**16 - 1), max_size=60))
def test_any_words_are_records_up_to_the_last_whole_one_or_none(words):
    found = record_starts(np.array(words, np.uint16))
    place, expected, lengths = 0, [], {1: 3, 2: 4, 3: 8}
    while place < len(words) and words[place] & 3 and place + lengths[words[place] & 3] <= len(words):
        expected.append(place)
        place += lengths[words[place] & 3]
    if place < len(words) and not words[place] & 3:
        assert found is None
    else:
        assert found is not None
        assert (found[0].tolist(), found[1]) == (expected, place)


@pytest.mark.parametrize("length", [5, 64])
def test_events_in_pieces_are_read_like_those_in_one(tmp_path, length):
    content = stream((1, 2, 3))
    one, pieces = write_ge(tmp_path / "one.rdf", content), write_ge(tmp_path / "pieces.rdf", content)
    with h5py.File(pieces, "a") as file:
        del file["ListData/listData"]
        data = np.frombuffer(content, np.uint8)
        file.create_dataset("ListData/listData", data=data, chunks=(length,))
    expected = next(open_listmode(one).events())
    np.testing.assert_array_equal(
        np.concatenate([chunk.detectors for chunk in open_listmode(pieces).events()]), expected.detectors
    )


def test_survey_is_marked_as_experimental_and_names_nobody(tmp_path):
    source = open_listmode(write_ge(tmp_path / "scan.rdf", stream((1,))))
    survey = source.survey()
    assert (survey.counts.prompts, survey.counts.delayeds) == (8, 0)
    assert survey.tags == {"time marks": 2, "other records": 0}
    assert source.experimental
    assert "experimental" in source.warnings[0]
    assert "Doe" not in str(source.facts())


def test_the_scanner_is_a_signa(tmp_path):
    geometry = open_listmode(write_ge(tmp_path / "scan.rdf", stream((1,)))).geometry()
    assert geometry.centres.shape == (45 * 448, 3)
    np.testing.assert_allclose(np.hypot(*geometry.centres[:, :2].T), 320.3, rtol=1e-5)
    assert np.ptp(geometry.centres[:, 2]) == pytest.approx(44 * 5.56, rel=1e-5)
    assert (geometry.tof_edges.size, geometry.num_rings) == (352, 45)
    assert geometry.tof_edges[0] == -geometry.tof_edges[-1]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"compressed": 1}, "compressed"),
        ({"version": 8}, "version_mismatch"),
        ({"scanner": "D"}, "unsupported"),
    ],
)
def test_other_variants_are_refused(tmp_path, changes, code):
    path = write_ge(tmp_path / "scan.rdf", stream((1,)), **changes)
    with pytest.raises(RefusedListMode) as caught:
        open_listmode(path)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (stream((1,))[:-2], "truncated"),
        (stream((1,)) + bytes(6), "parse_error"),
        (ge_record(1, (448, 0), (0, 0), 0), "address_out_of_range"),
        (ge_record(1, (0, 45), (0, 0), 0), "address_out_of_range"),
        (ge_record(1, (0, 0), (0, 0), 176), "address_out_of_range"),
    ],
)
def test_damaged_streams_are_refused(tmp_path, content, code):
    source = open_listmode(write_ge(tmp_path / "scan.rdf", content))
    with pytest.raises(RefusedListMode) as caught:
        source.survey()
    assert caught.value.code == code


def test_other_hdf5_files_are_refused(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = [1, 2]
    with pytest.raises(RefusedListMode) as caught:
        open_listmode(tmp_path / "other.h5")
    assert caught.value.code == "header_invalid"


def test_thinning_is_refused_with_its_reason(tmp_path):
    source = open_listmode(write_ge(tmp_path / "scan.rdf", stream((1,))))
    with pytest.raises(RefusedListMode, match="randoms") as caught:
        source.thin(tmp_path / "low.rdf", (0, 0.1), 1)
    assert caught.value.code == "unsupported"
    assert not (tmp_path / "low.rdf").exists()
