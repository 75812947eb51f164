"""Walking through the time blocks of a PETSIRD file, from one list of events to the next."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from preprocessing.pet.listmode.petsird_layout import EVENT_BLOCK
from preprocessing.pet.listmode.yardl_reader import YardlReader
from preprocessing.pet.listmode.yardl_types import Choice

NUMBERS_PER_EVENT = 3
"""A coincidence is two detection bins and a time-of-flight index, each a varint."""
_KINDS = (
    "event blocks",
    "external signals",
    "bed movements",
    "gantry movements",
    "dead times",
    "singles histograms",
)


@dataclass(frozen=True)
class EventList:
    """The head of a list of coincidences.

    Attributes:
        prompt: whether they are prompts; otherwise they are delayeds.
        types: types of the modules of the first and the second detector.
        start_ms: beginning of the time block.
        stop_ms: end of the time block.
        count: events of the list.
    """

    prompt: bool
    types: tuple[int, int]
    start_ms: int
    stop_ms: int
    count: int


class BlockWalk:
    """Walks through the time blocks.

    Everything but the lists of coincidences goes to ``reader.copy_to``. Whoever gets a list must take its
    events from the reader before asking for the next one.

    Args:
        reader: at the first time block.
        block: the type of a time block.

    Attributes:
        tags: what was passed beside coincidences, by kind.
        first_ms: earliest beginning of an event block, None before the first one.
        stop_ms: latest end of an event block.
        steps_back: event blocks that begin before the one before them.
        longest_ms: longest event block.
    """

    def __init__(self, reader: YardlReader, block: Choice) -> None:
        self._reader, self._block = reader, block
        self.tags: Counter[str] = Counter()
        self.first_ms: int | None = None
        self.stop_ms = self.steps_back = self.longest_ms = self._start_ms = 0

    def event_lists(self) -> Iterator[EventList]:
        """Yield the head of each list of coincidences, in the order of the file.

        Raises:
            RefusedListMode: the file is damaged, cut short or goes on after its end.
        """
        reader = self._reader
        while blocks := reader.count():
            for _ in range(blocks):
                kind = reader.varint()
                if kind >= len(self._block.cases):
                    raise reader.refuse("parse_error", f"expected a known kind of time block, found {kind}")
                self.tags[_KINDS[kind]] += 1
                block = self._block.cases[kind]
                if kind == EVENT_BLOCK:
                    yield from self._event_block()
                elif block is not None:
                    block.skip(reader)
        if reader.remaining:
            raise reader.refuse(
                "parse_error", f"expected the end of the file, found {reader.remaining} bytes"
            )

    def _event_block(self) -> Iterator[EventList]:
        reader = self._reader
        start, stop = reader.varint(), reader.varint()
        self.steps_back += start < self._start_ms
        self.first_ms = start if self.first_ms is None else min(self.first_ms, start)
        self._start_ms, self.stop_ms = start, max(self.stop_ms, stop)
        self.longest_ms = max(self.longest_ms, stop - start)
        self.tags["single events"] += self._skip_lists(2, 2)
        for prompt in (True, False):
            for row in range(reader.count()):
                for column in range(reader.count()):
                    sink, reader.copy_to = reader.copy_to, None
                    count = reader.count(NUMBERS_PER_EVENT)
                    reader.copy_to = sink
                    yield EventList(prompt, (row, column), start, stop, count)
        self.tags["triple events"] += self._skip_lists(4, 5)
        # Five numbers each: the schema of PETSIRD 0.12 gives quadruple events the type of triple ones.
        self.tags["quadruple events"] += self._skip_lists(5, 5)

    def _skip_lists(self, depth: int, numbers: int) -> int:
        """Skip lists within lists, and count what is in the innermost ones."""
        count = self._reader.count()
        if depth > 1:
            return sum(self._skip_lists(depth - 1, numbers) for _ in range(count))
        self._reader.skip_varints(count * numbers)
        return count
