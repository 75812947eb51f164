"""Low-dose copies of every format: what thinning promises, whatever the chunks and the format."""

import hashlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from listmode_files import read_petsird, write_petsird, write_siemens

from preprocessing.pet.event_words import AddressLayout, is_event, is_prompt
from preprocessing.pet.listmode.event_counts import EventCounts
from preprocessing.pet.listmode.event_part import EventChooser, RandomPart, TimeWindow
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.listmode.petsird_copy import copy_petsird
from preprocessing.pet.listmode.word_copy import copy_words
from preprocessing.pet.listmode.word_file import ListModeHeader, write_listmode
from preprocessing.pet.thinning import event_uniforms, keep_mask

KEY = 12345
FORMATS = ("simulated", "siemens", "petsird")


def write_simulated(path):
    layout = AddressLayout(("slice", "angle", "bin"), (5, 20, 30))
    siemens = write_siemens(path, shape=(5, 0, 20, 30))
    words = np.fromfile(siemens, "<u4")
    siemens.with_name(f"{siemens.name}.hdr").unlink()
    write_listmode(path, [words], ListModeHeader("test", layout, 50))
    return path


WRITERS = {
    "simulated": lambda folder: write_simulated(folder / "scan.l"),
    "siemens": lambda folder: write_siemens(folder / "scan.l"),
    "petsird": lambda folder: write_petsird(folder / "scan.petsird"),
}


@pytest.fixture(scope="module", params=FORMATS)
def source(request, tmp_path_factory):
    return open_listmode(WRITERS[request.param](tmp_path_factory.mktemp(request.param)))


def prompts_and_delayeds(path):
    """The events of a file in order, read without the code under test: one text each."""
    if path.suffix == ".l":
        words = np.fromfile(path, "<u4")
        return [
            (bool(is_prompt(words[k : k + 1])[0]), int(words[k])) for k in np.flatnonzero(is_event(words))
        ]
    events = []
    for block in read_petsird(path)[1]:
        for prompt, name in ((True, "prompt_events"), (False, "delayed_events")):
            for row in getattr(block.value, name, []):
                for column in row:
                    events += [(prompt, (*event.detection_bins, event.tof_idx)) for event in column]
    return events


def copy(source, tmp_path, keep, name="copy"):
    path = tmp_path / f"{name}{source.path.suffix}"
    return path, source.copy_part(path, RandomPart(keep, KEY), keep_identity=True)


def test_the_copy_holds_exactly_the_chosen_events_in_order(source, tmp_path):
    events = prompts_and_delayeds(source.path)
    mask = keep_mask(event_uniforms(KEY, 0, len(events)), (0.2, 0.5))
    path, copied = copy(source, tmp_path, (0.2, 0.5))
    expected = [event for event, kept in zip(events, mask, strict=True) if kept]
    assert prompts_and_delayeds(path) == expected
    num_prompts = sum(prompt for prompt, _ in expected)
    assert copied.kept == EventCounts(num_prompts, len(expected) - num_prompts)
    assert copied.read == EventCounts(*(sum(p is kind for p, _ in events) for kind in (True, False)))


def test_keeping_everything_gives_the_same_bytes(source, tmp_path):
    path, copied = copy(source, tmp_path, (0, 1))
    assert path.read_bytes() == source.path.read_bytes()
    digest = hashlib.sha256(source.path.read_bytes()).hexdigest()
    assert copied.source_sha256 == copied.copy_sha256 == digest


def test_digests_are_those_of_the_files(source, tmp_path):
    path, copied = copy(source, tmp_path, (0, 0.1))
    assert copied.copy_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert copied.source_sha256 == hashlib.sha256(source.path.read_bytes()).hexdigest()


def test_keeping_nothing_leaves_everything_that_is_no_coincidence(source, tmp_path):
    path, copied = copy(source, tmp_path, (0, 0))
    assert copied.kept == EventCounts()
    assert prompts_and_delayeds(path) == []
    whole, nothing = source.survey(), open_listmode(path).survey()
    assert nothing.tags == whole.tags
    assert nothing.duration_ms == whole.duration_ms


def test_parts_of_the_scan_make_up_the_scan(source, tmp_path):
    parts = [copy(source, tmp_path, (k / 4, (k + 1) / 4), f"part{k}") for k in range(4)]
    together = [event for path, _ in parts for event in prompts_and_delayeds(path)]
    assert sorted(together) == sorted(prompts_and_delayeds(source.path))
    whole = source.survey().counts
    assert sum((copied.kept for _, copied in parts), EventCounts()) == whole


def test_lower_doses_are_parts_of_higher_ones(source, tmp_path):
    low = prompts_and_delayeds(copy(source, tmp_path, (0, 0.05), "low")[0])
    high = iter(prompts_and_delayeds(copy(source, tmp_path, (0, 0.3), "high")[0]))
    assert low
    assert all(event in high for event in low)  # in order: the iterator is used up


def test_a_copy_of_a_copy_can_be_read_by_the_same_format(source, tmp_path):
    path, copied = copy(source, tmp_path, (0, 0.5))
    again = open_listmode(path)
    assert again.format == source.format
    assert again.survey().counts == copied.kept
    assert sum(chunk.prompt.sum() for chunk in again.events(64)) == copied.kept.prompts


def test_prompts_and_delayeds_are_kept_with_the_same_probability(source, tmp_path):
    copied = copy(source, tmp_path, (0, 0.3))[1]
    for kept, number in (
        (copied.kept.prompts, copied.read.prompts),
        (copied.kept.delayeds, copied.read.delayeds),
    ):
        assert abs(kept - 0.3 * number) < 5 * np.sqrt(0.21 * number)


@pytest.mark.parametrize("chunk", [1, 7, 4096, 1 << 22])
def test_the_size_of_chunks_changes_nothing(source, tmp_path, chunk):
    part = RandomPart((0.1, 0.6), KEY)
    path, copied = tmp_path / f"chunked{source.path.suffix}", None
    if source.path.suffix == ".l":
        copied = copy_words(source.path, path, part, chunk_words=chunk)
    else:
        copied = copy_petsird(source.path, path, part, True, chunk_bytes=chunk)
    expected, reference = copy(source, tmp_path, (0.1, 0.6))
    assert path.read_bytes() == expected.read_bytes()
    assert (copied.kept, copied.tags) == (reference.kept, reference.tags)
    assert copied.rate.to_dict() == reference.rate.to_dict()


def test_a_window_keeps_the_events_of_its_time_and_all_tags(source, tmp_path):
    path = tmp_path / f"window{source.path.suffix}"
    source.copy_part(path, TimeWindow(10, 30))
    whole, window = ([*file.events()] for file in (source, open_listmode(path)))
    times = np.concatenate([chunk.time_ms for chunk in whole])
    kept = np.concatenate([chunk.time_ms for chunk in window])
    np.testing.assert_array_equal(kept, times[(times >= 10) & (times < 30)])
    assert open_listmode(path).survey().tags == source.survey().tags


def test_windows_next_to_each_other_make_up_the_scan(source, tmp_path):
    counts = EventCounts()
    for k, (start, stop) in enumerate([(0, 20), (20, 2**32)]):
        part = TimeWindow(start, stop)
        counts += source.copy_part(tmp_path / f"{k}{source.path.suffix}", part).kept
    assert counts == source.survey().counts


def test_thin_is_the_copy_of_a_random_part(source, tmp_path):
    path = tmp_path / f"thin{source.path.suffix}"
    kept = source.thin(path, (0, 0.2), KEY)
    assert kept == copy(source, tmp_path, (0, 0.2))[1].kept


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 90_000), max_size=6), st.integers(0, 2**128 - 1))
def test_numbers_of_events_do_not_depend_on_how_they_are_asked_for(sizes, key):
    chooser = EventChooser(RandomPart((0.25, 0.5), key))
    counted, taken = [], []
    for size in sizes:
        counted.append(chooser.count(size, 0))
        taken.append(chooser.take(size, 0))
    mask = np.concatenate([*taken, np.empty(0, bool)])
    np.testing.assert_array_equal(mask, keep_mask(event_uniforms(key, 0, sum(sizes)), (0.25, 0.5)))
    assert counted == [int(part.sum()) for part in taken]
