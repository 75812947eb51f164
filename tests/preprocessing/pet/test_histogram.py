"""Events and sinograms: round trips and the order of events in time."""

import numpy as np
import pytest
import torch

from preprocessing.pet.event_words import is_event, is_prompt, is_time_mark, time_ms
from preprocessing.pet.histogram import add_to_histogram, counts_to_events, events_to_words, sinogram_layout
from preprocessing.pet.stack import to_event_order, to_subset_order
from taskgan_ext.errors import DataError

DURATION_MS = 45_000  # more than two chunks of time marks


@pytest.fixture(scope="module")
def scan(small_scanner):
    layout = sinogram_layout(small_scanner, 2)
    rng = np.random.default_rng(0)
    prompts, delayeds = rng.poisson(1.5, layout.sizes), rng.poisson(0.3, layout.sizes)
    events = [
        counts_to_events(prompts.astype(np.int32), prompts=True),
        counts_to_events(delayeds.astype(np.int32), prompts=False),
    ]
    words = np.concatenate(list(events_to_words(np.concatenate(events), DURATION_MS, key=5)))
    return layout, prompts, delayeds, words


def test_counts_come_back_from_their_events(scan):
    layout, prompts, delayeds, words = scan
    events = words[is_event(words)]
    for counts, kind in ((prompts, is_prompt(events)), (delayeds, ~is_prompt(events))):
        histogram = np.zeros(layout.sizes, np.int32)
        add_to_histogram(histogram, events[kind], layout)
        np.testing.assert_array_equal(histogram, counts)


def test_every_millisecond_has_its_mark_and_events_are_uniform_in_time(scan):
    words = scan[3]
    marks = is_time_mark(words)
    np.testing.assert_array_equal(time_ms(words[marks]), np.arange(DURATION_MS))
    assert marks[0]
    event_ms = (np.cumsum(marks) - 1)[is_event(words)]
    in_tenths = np.bincount(event_ms * 10 // DURATION_MS, minlength=10)
    expected = event_ms.size / 10
    assert ((in_tenths - expected) ** 2 / expected).sum() < 30  # chi-square of 9 degrees of freedom


def test_order_of_events_is_random(scan):
    words = scan[3]
    events = words[is_event(words)]
    addresses = scan[0].addresses(events).astype(float)
    correlation = np.corrcoef(addresses, np.arange(addresses.size))[0, 1]
    assert abs(correlation) < 5 / np.sqrt(addresses.size)
    prompts = is_prompt(events)
    assert abs(np.corrcoef(prompts[1:], prompts[:-1])[0, 1]) < 5 / np.sqrt(prompts.size)


def test_scan_without_events_has_all_time_marks():
    words = np.concatenate(list(events_to_words(np.empty(0, np.uint32), 100, key=0)))
    np.testing.assert_array_equal(time_ms(words), np.arange(100))


def test_event_of_another_scanner_is_refused(scan):
    layout = scan[0]
    with pytest.raises(DataError, match="expected a bin address below"):
        add_to_histogram(
            np.zeros(layout.sizes, np.int32), np.array([layout.num_addresses], np.uint32), layout
        )


def test_subset_and_event_order_are_inverse_and_keep_the_view(small_scanner):
    sizes = sinogram_layout(small_scanner, 3).sizes
    views = torch.arange(sizes[2])[:, None].expand(sizes).contiguous()
    ordered = to_subset_order(views, small_scanner.num_subsets)
    assert ordered[4, 0, :, 0, 0].tolist() == [4, 10, 16, 22, 28, 34, 40]
    counts = torch.rand(sizes)
    assert torch.equal(to_event_order(to_subset_order(counts, small_scanner.num_subsets)), counts)
