"""Copying a part of a file of 32-bit words, and decoding its events."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from preprocessing.pet.event_words import (
    AddressLayout,
    Words,
    is_event,
    is_prompt,
    split_by_time,
)
from preprocessing.pet.listmode.copied_part import CopiedPart, DigestedFile
from preprocessing.pet.listmode.event_chunk import SinogramEvents
from preprocessing.pet.listmode.event_counts import EventCounts
from preprocessing.pet.listmode.event_part import EventChooser, EventPart, TimeWindow
from preprocessing.pet.listmode.survey import Progress
from preprocessing.pet.listmode.word_file import CHUNK_WORDS, read_words
from preprocessing.pet.listmode.word_tally import WordTally
from preprocessing.pet.thinning import select_events
from taskgan_ext.errors import RefusedListMode


def copy_words(
    source: Path,
    destination: Path,
    part: EventPart,
    progress: Progress | None = None,
    chunk_words: int = CHUNK_WORDS,
    start_ms: int = 0,
) -> CopiedPart:
    """Copy some of the events of a file and all of its tags, in order.

    Args:
        source: the file to read.
        destination: the file to write; the caller sees to it that it is whole or absent.
        part: the events to keep.
        progress: called with the number of bytes that were read since the last call.
        chunk_words: words handled at a time; does not change the result.
        start_ms: time of the events before the first time mark.

    Raises:
        RefusedListMode: the file does not end at a whole word.
    """
    chooser, kept, digest = EventChooser(part), WordTally(start_ms), hashlib.sha256()
    read, time_ms = EventCounts(), start_ms
    with DigestedFile(destination) as file:
        for words in read_words(source, chunk_words):
            data = words.astype("<u4", copy=False)
            digest.update(data.data)
            events = is_event(words)
            num_events = int(np.count_nonzero(events))
            num_prompts = int(np.count_nonzero(is_prompt(words) & events))
            read += EventCounts(num_prompts, num_events - num_prompts)
            times: int | Words = 0
            if isinstance(part, TimeWindow):
                times = _word_times(words, time_ms)
                time_ms, times = int(times[-1]), times[events]
            chosen = select_events(data, events, chooser.take(num_events, times))
            file.write(chosen.data)
            kept.add(chosen)
            if progress is not None:
                progress(words.nbytes)
    return CopiedPart(read, kept.counts, kept.tags, kept.rate, digest.hexdigest(), file.sha256)


def decode_words(
    source: Path,
    layout: AddressLayout,
    roles: tuple[int, int, int, int | None],
    chunk_words: int = CHUNK_WORDS,
    start_ms: int = 0,
) -> Iterator[SinogramEvents]:
    """Decode the events of a file.

    Args:
        source: the file to read.
        layout: meaning of the addresses.
        roles: which dimensions of the layout are the radial bin, the view, the plane and the
            time-of-flight bin, if there is one.
        chunk_words: words handled at a time.
        start_ms: time of the events before the first time mark.

    Yields:
        The events, chunk by chunk; a chunk may be empty.

    Raises:
        RefusedListMode: an address is out of range, or the file does not end at a whole word.
    """
    radial, view, plane, tof = roles
    time_ms, first_event = start_ms, 0
    for words in read_words(source, chunk_words):
        events = is_event(words)
        times = _word_times(words, time_ms)
        time_ms, chosen = int(times[-1]), words[events]
        try:
            indices = layout.decode(chosen, first_event)
        except RefusedListMode as error:
            raise RefusedListMode(error.code, f"{source}: {error.reason}") from None
        first_event += chosen.size
        yield SinogramEvents(
            radial=indices[radial].astype(np.uint16),
            view=indices[view].astype(np.uint16),
            plane=indices[plane].astype(np.uint16),
            tof=np.zeros(chosen.size, np.int16) if tof is None else indices[tof].astype(np.int16),
            prompt=is_prompt(chosen),
            time_ms=times[events],
        )


def _word_times(words: Words, time_before: int) -> Words:
    """Time of each word in ms."""
    starts, times = split_by_time(words, time_before)
    return np.repeat(times, np.diff(starts, append=words.size))
