"""Prompts of a file held in memory, for the list-mode engine."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from preprocessing.pet.listmode.event_chunk import DetectorEvents, EventChunk, SinogramEvents
from preprocessing.pet.reconstruct.event_histogram import EventTally, events_slice
from preprocessing.pet.reconstruct.line_model import OUTSIDE_TOF, OUTSIDE_VIEW, LineModel
from taskgan_ext.errors import ConfigError, DataError

MAX_EVENTS = 50_000_000
"""Prompts that are held in memory: 0.5 GB."""


@dataclass(frozen=True)
class ListModeEvents:
    """Prompts within the field of view.

    Attributes:
        prompts: the events, in file order.
        prompt_tally: what became of the prompts.
        delayed_tally: what became of the delayeds, which are only counted.
        first_ms: time of the first event.
        last_ms: time of the last event.
    """

    prompts: EventChunk
    prompt_tally: EventTally
    delayed_tally: EventTally
    first_ms: int
    last_ms: int


def collect_prompts(
    chunks: Iterable[EventChunk], model: LineModel, *, progress: bool = True
) -> ListModeEvents:
    """Read the prompts of a file whose line crosses the field of view.

    Args:
        chunks: events in file order.
        model: the scanner.
        progress: show a progress bar.

    Returns:
        The prompts and the counts.

    Raises:
        ConfigError: there are too many for the memory.
        DataError: there are no events at all.
    """
    kept: list[EventChunk] = []
    tallies = {True: EventTally(), False: EventTally()}
    first, last = 1 << 32, 0
    with tqdm(desc="reading", unit="event", unit_scale=True, disable=not progress) as bar:
        for chunk in chunks:
            if chunk.prompt.size:
                first, last = min(first, int(chunk.time_ms.min())), max(last, int(chunk.time_ms.max()))
            # Time of flight does not limit this engine: each bin of the file is used as it is.
            cells = model.cells(chunk)
            inside = cells != OUTSIDE_VIEW
            for kind, tally in tallies.items():
                of_kind = cells[chunk.prompt == kind]
                tally.total += of_kind.size
                tally.outside_view += int(np.count_nonzero(of_kind == OUTSIDE_VIEW))
                tally.used += int(np.count_nonzero((of_kind >= 0) | (of_kind == OUTSIDE_TOF)))
            kept.append(events_slice(chunk, inside & chunk.prompt))
            bar.update(chunk.prompt.size)
            if tallies[True].used > MAX_EVENTS:
                raise ConfigError(
                    f"expected at most {MAX_EVENTS:,} prompts for --engine 3d, the file has more; thin it "
                    "first, or use --engine 2d, whose cost does not depend on the counts"
                )
    if not kept:
        raise DataError(f"expected events of {model.geometry.name}, found none in the file")
    return ListModeEvents(_joined(kept), tallies[True], tallies[False], first, last)


def _joined(chunks: list[EventChunk]) -> EventChunk:
    kind = DetectorEvents if isinstance(chunks[0], DetectorEvents) else SinogramEvents
    return kind(*(np.concatenate([getattr(c, name) for c in chunks]) for name in kind.__dataclass_fields__))
