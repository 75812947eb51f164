"""Counts over time in bounded memory."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.pet.listmode.count_rate import CountRate


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 50), st.integers(0, 50)), max_size=30))
def test_no_count_is_lost_however_long_the_scan(events):
    rate = CountRate()
    for time, prompts, delayeds in events:
        rate.add(time, prompts, delayeds)
    width, prompts, delayeds = rate.curve(20)
    assert prompts.sum() == sum(prompt for _, prompt, _ in events)
    assert delayeds.sum() == sum(delayed for _, _, delayed in events)
    assert prompts.size <= 20
    assert all(time < width * prompts.size for time, _, _ in events)


@given(st.integers(1, 100_000), st.integers(1, 300))
def test_a_curve_is_the_histogram_of_the_times(duration, max_bins):
    times = np.random.default_rng(duration).integers(0, duration, 500).astype(np.uint32)
    rate = CountRate()
    for part in np.array_split(times, 7):
        rate.add(part, np.ones(part.size, int), np.zeros(part.size, int))
    width, prompts, _ = rate.curve(max_bins)
    np.testing.assert_array_equal(prompts, np.bincount(times // width, minlength=prompts.size))


def test_a_curve_is_no_finer_than_the_times_are_known():
    rate = CountRate()
    rate.add(np.arange(0, 100, 10), np.full(10, 7), np.zeros(10, int))
    rate.resolution_ms = 10
    assert rate.curve(60)[1].tolist() == [7] * 10
