"""Thinning: Poisson statistics, nesting, and the copies of the simulator's files."""

import numpy as np
import pytest

from preprocessing.pet.event_words import PROMPT_BIT, AddressLayout, is_event, is_prompt, time_mark_words
from preprocessing.pet.listmode.simulated_file import SimulatedFile
from preprocessing.pet.listmode.word_file import ListModeHeader, read_header, read_words, write_listmode
from preprocessing.pet.thinning import event_uniforms, random_key, thin_words

LAYOUT = AddressLayout(("plane", "bin"), (40, 100))


def scan_words(num_events: int = 20_000, seed: int = 0) -> np.ndarray:
    """Prompts, a quarter of delayeds, time marks and one other tag."""
    rng = np.random.default_rng(seed)
    events = rng.integers(0, LAYOUT.num_addresses, num_events).astype(np.uint32)
    events[rng.random(num_events) < 0.75] |= PROMPT_BIT
    words = np.insert(events, np.arange(0, num_events, 50), time_mark_words(np.arange(num_events // 50)))
    return np.insert(words, 1234, np.uint32(0xFFFF0000))


def thin(words: np.ndarray, keep: tuple[float, float], key: int = 0) -> np.ndarray:
    return thin_words(words, keep, key)[0]


@pytest.fixture
def listmode_file(tmp_path):
    path = tmp_path / "scan.l"
    write_listmode(path, [scan_words()], ListModeHeader("test", LAYOUT, 400))
    return path


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5])
def test_thinning_keeps_expected_fraction_of_prompts_and_delayeds(p):
    words = scan_words(200_000)
    before, after = words[is_event(words)], thin(words, (0, p))
    after = after[is_event(after)]
    for kind in (is_prompt(before), ~is_prompt(before)):
        n = np.count_nonzero(kind)
        kept = np.count_nonzero(is_prompt(after) == is_prompt(before[kind][:1]))
        assert abs(kept - n * p) < 5 * np.sqrt(n * p * (1 - p))


def test_thinned_poisson_source_is_poisson_and_independent_of_the_rest():
    rng = np.random.default_rng(1)
    kept, rejected = np.empty(3000), np.empty(3000)
    for k in range(3000):
        words = np.full(rng.poisson(200), PROMPT_BIT)
        kept[k] = thin(words, (0, 0.3), key=random_key("thin", 0, "sub-001", k)).size
        rejected[k] = words.size - kept[k]
    assert kept.mean() == pytest.approx(60, abs=5 * np.sqrt(60 / 3000))
    assert kept.var() / kept.mean() == pytest.approx(1, abs=5 * np.sqrt(2 / 3000))
    assert abs(np.corrcoef(kept, rejected)[0, 1]) < 5 / np.sqrt(3000)


def test_kept_and_rejected_events_make_up_the_scan_in_order():
    words = scan_words()
    events = words[is_event(words)]
    uniforms = event_uniforms(0, 0, events.size)
    low, high = thin(words, (0, 0.3)), thin(words, (0.3, 1))
    low_events, high_events = low[is_event(low)], high[is_event(high)]
    merged = np.empty_like(events)
    mask = uniforms < np.uint64(int(0.3 * 2**64))
    merged[mask], merged[~mask] = low_events, high_events
    np.testing.assert_array_equal(merged, events)
    np.testing.assert_array_equal(low[~is_event(low)], words[~is_event(words)])


def test_doses_are_nested_and_realisations_disjoint():
    words = np.arange(50_000, dtype=np.uint32)  # each event is recognised by its address
    one, five = thin(words, (0, 0.01)), thin(words, (0, 0.05))
    assert set(one) < set(five)
    parts = [thin(words, (k / 10, (k + 1) / 10)) for k in range(10)]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), words)


@pytest.mark.parametrize("chunk", [1, 7, 4096, 10**6])
def test_result_does_not_depend_on_chunks(chunk):
    words = scan_words(3000)
    thinned, first_event = [], 0
    for start in range(0, words.size, chunk):
        kept, first_event = thin_words(words[start : start + chunk], (0.2, 0.4), 99, first_event)
        thinned.append(kept)
    np.testing.assert_array_equal(np.concatenate(thinned), thin(words, (0.2, 0.4), 99))


def test_everything_kept_is_the_same_file_and_nothing_kept_leaves_the_tags(listmode_file, tmp_path):
    words = scan_words()
    source = SimulatedFile(listmode_file)
    source.thin(tmp_path / "all.l", (0, 1), key=1)
    source.thin(tmp_path / "none.l", (0, 0), key=1)
    header = read_header(tmp_path / "none.l")
    assert (tmp_path / "all.l").read_bytes() == listmode_file.read_bytes()
    np.testing.assert_array_equal(next(read_words(tmp_path / "none.l")), words[~is_event(words)])
    assert (header.num_prompts, header.num_delayeds) == (0, 0)


def test_thinned_file_says_what_it_is(listmode_file, tmp_path):
    key = random_key("thin", 7, "sub-001")
    path = tmp_path / "low.l"
    kept = SimulatedFile(listmode_file).thin(path, (0, 0.1), key)
    header = read_header(path)
    assert (header.num_prompts, header.num_delayeds) == (kept.prompts, kept.delayeds)
    assert header.history["keep"] == [0, 0.1]
    assert header.history["key"] == f"{key:032x}"
    assert header.history["source_sha256"] == read_header(listmode_file).sha256
    words = np.concatenate(list(read_words(path)))
    np.testing.assert_array_equal(words, thin(scan_words(), (0, 0.1), key))


def test_keys_differ_by_purpose_seed_subject_and_realisation():
    base = ("thin", 1, "sub-001", 0)
    others = [
        ("times", 1, "sub-001", 0),
        ("thin", 2, "sub-001", 0),
        ("thin", 1, "sub-002", 0),
        (*base[:3], 1),
    ]
    assert len({random_key(*key) for key in (base, *others)}) == 5
    assert all(random_key(*key) < 2**128 for key in others)


@pytest.mark.parametrize("keep", [(-0.1, 0.5), (0.5, 0.4), (0, 1.1)])
def test_impossible_interval_is_refused(keep):
    with pytest.raises(ValueError, match="expected an interval"):
        thin(scan_words(2000), keep)
