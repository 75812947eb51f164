"""Counting what is in the words of a list-mode file as they pass by."""

import numpy as np

from preprocessing.pet.event_words import PROMPT_BIT, TAG_BIT, Words, is_event, is_time_mark, split_by_time
from preprocessing.pet.listmode.count_rate import CountRate
from preprocessing.pet.listmode.event_counts import EventCounts
from preprocessing.pet.listmode.survey import Check, check_that


class WordTally:
    """Counts events, time marks and other tags.

    Args:
        start_ms: the first time mark; events before it count as its first millisecond.

    Attributes:
        counts: coincidences so far.
        rate: coincidences over time.
        time_ms: the last time mark, ``start_ms`` before the first one.
    """

    def __init__(self, start_ms: int = 0) -> None:
        self.counts = EventCounts()
        self.rate = CountRate()
        self.time_ms = start_ms
        self._num_marks = self._num_tags = self._backwards = self._longest_step = 0
        self._first_mark: int | None = None

    @property
    def tags(self) -> dict[str, int]:
        """Words that are no events, by kind."""
        return {"time marks": self._num_marks, "other tags": self._num_tags - self._num_marks}

    @property
    def duration_ms(self) -> int:
        """Time from the first mark up to the end of the millisecond of the last one."""
        return 0 if self._first_mark is None else max(0, self.time_ms + 1 - self._first_mark)

    @property
    def start_ms(self) -> int:
        """The first time mark; 0 without any."""
        return self._first_mark or 0

    def add(self, words: Words) -> None:
        """Count the next words.

        Args:
            words: events and tags in file order, any number.
        """
        if not words.size:
            return
        starts, times = split_by_time(words, self.time_ms)
        num_events = np.add.reduceat(is_event(words), starts, dtype=np.int64)
        # Prompts are the words in the second quarter of the range of 32 bits.
        num_prompts = np.add.reduceat(words - PROMPT_BIT < TAG_BIT - PROMPT_BIT, starts, dtype=np.int64)
        num_delayeds = num_events - num_prompts
        filled = np.flatnonzero(num_events)
        self.rate.add(times[filled], num_prompts[filled], num_delayeds[filled])
        self.counts += EventCounts(int(num_prompts.sum()), int(num_delayeds.sum()))
        self._num_tags += words.size - int(num_events.sum())
        self._add_marks(times if is_time_mark(words[:1])[0] else times[1:])

    def _add_marks(self, marks: Words) -> None:
        if not marks.size:
            return
        if self._first_mark is None:
            self._first_mark = self.time_ms = int(marks[0])
            steps = np.diff(marks.astype(np.int64))
        else:
            steps = np.diff(marks.astype(np.int64), prepend=self.time_ms)
        self._num_marks += marks.size
        self._backwards += int(np.count_nonzero(steps < 0))
        if steps.size:
            self._longest_step = max(self._longest_step, int(steps.max()))
        self.time_ms = int(marks[-1])

    def checks(self) -> tuple[Check, ...]:
        """Check that there are time marks and that they only go forward."""
        if self._first_mark is None:
            return (check_that("time marks", False, "there is none"),)
        text = (
            f"{self._num_marks} from {self._first_mark} to {self.time_ms} ms, "
            f"longest step {self._longest_step} ms, {self._backwards} steps back"
        )
        return (check_that("time marks", not self._backwards, text),)
