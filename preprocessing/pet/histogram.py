"""Between events and sinogram counts; counts stand in event order ``(slice, tof, angle, bin)``."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.event_words import PROMPT_BIT, AddressLayout, Words, time_mark_words
from preprocessing.pet.scanner import Scanner
from preprocessing.pet.thinning import event_uniforms

_MARKS_PER_CHUNK = 20_000


def sinogram_layout(scanner: Scanner, num_slices: int) -> AddressLayout:
    """Return the address layout of a stack's events: ``(slice, tof, angle, bin)``."""
    sizes = (num_slices, scanner.num_tof_bins, scanner.num_angles, scanner.num_bins)
    return AddressLayout(("slice", "tof", "angle", "bin"), sizes)


def add_to_histogram(histogram: NDArray[np.int32], events: Words, layout: AddressLayout) -> None:
    """Count events into a histogram, in place.

    Args:
        histogram: counts of the shape ``layout.sizes``, contiguous.
        events: coincidences, all prompts or all delayeds.
        layout: meaning of the addresses.

    Raises:
        DataError: an address is out of range.
    """
    np.add.at(histogram.reshape(-1), layout.addresses(events), np.int32(1))


def counts_to_events(counts: NDArray[np.int32], *, prompts: bool) -> Words:
    """Turn counts into events in the order of their addresses.

    Args:
        counts: counts in address order, any shape.
        prompts: whether the events are prompts; delayeds otherwise.
    """
    events = np.repeat(np.arange(counts.size, dtype=np.uint32), counts.reshape(-1))
    if prompts:
        events |= PROMPT_BIT
    return events


def events_to_words(events: Words, duration_ms: int, key: int) -> Iterator[Words]:
    """Give events random times, order them and add a time mark each millisecond.

    Given its counts, the events of a scan with constant activity are independent and uniform in time.

    Args:
        events: coincidences in any order.
        duration_ms: length of the scan.
        key: 128-bit key of the random times, see ``preprocessing.pet.thinning.random_key``.

    Yields:
        Chunks of words; together ``duration_ms`` time marks, each before the events of its millisecond.
    """
    # Upper half: time as a fraction of the scan; lower half: the event. One sort orders the events, and
    # equal keys are equal events, so the result does not depend on the sorting algorithm.
    timed = event_uniforms(key, 0, events.size)
    timed &= np.uint64(0xFFFFFFFF00000000)
    timed |= events
    timed.sort()
    marks = [*range(0, duration_ms, _MARKS_PER_CHUNK), duration_ms]
    first_keys = [np.uint64(-(-(mark << 32) // duration_ms) << 32) for mark in marks[:-1]]
    cuts = [*np.searchsorted(timed, np.array(first_keys)), timed.size]
    for index in range(len(marks) - 1):
        chunk = timed[cuts[index] : cuts[index + 1]]
        yield _interleave_marks(chunk, marks[index], marks[index + 1], duration_ms)


def _interleave_marks(timed: NDArray[np.uint64], first_mark: int, last_mark: int, duration_ms: int) -> Words:
    """Put the time marks ``first_mark .. last_mark - 1`` before the events of each millisecond."""
    event_ms = ((timed >> np.uint64(32)) * np.uint64(duration_ms)) >> np.uint64(32)
    mark_of_event = event_ms.astype(np.int64) - first_mark
    num_marks = last_mark - first_mark
    words = np.empty(timed.size + num_marks, np.uint32)
    words[np.arange(timed.size) + mark_of_event + 1] = timed.astype(np.uint32)  # keeps the lower half
    events_before = np.zeros(num_marks, np.int64)
    events_before[1:] = np.cumsum(np.bincount(mark_of_event, minlength=num_marks))[:-1]
    words[events_before + np.arange(num_marks)] = time_mark_words(np.arange(first_mark, last_mark))
    return words
