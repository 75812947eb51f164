"""Events counted into sinograms, chunk by chunk."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.pet.listmode.event_chunk import DetectorEvents, EventChunk, SinogramEvents
from preprocessing.pet.reconstruct.line_model import OUTSIDE_TOF, OUTSIDE_VIEW, LineModel
from taskgan_ext.errors import ConfigError

_EVENTS_PER_BLOCK = 1 << 16
"""Temporary arrays of this length stay in the processor's cache."""
MAX_HISTOGRAM_BYTES = 4 << 30


@dataclass
class EventTally:
    """What became of the events of one kind.

    Attributes:
        total: events in the file.
        used: events in the histogram.
        outside_view: events whose line misses the image, or that touch a gap between blocks.
        outside_tof: events outside the time-of-flight bins.
    """

    total: int = 0
    used: int = 0
    outside_view: int = 0
    outside_tof: int = 0


@dataclass
class EventHistogram:
    """Counts of a file.

    Attributes:
        prompts: ``(plane, tof, angle, bin)``, int32.
        delayeds: ``(plane, angle, bin)``, int32, all time-of-flight bins together.
        prompt_tally: what became of the prompts.
        delayed_tally: what became of the delayeds.
        first_ms: time of the first event; meaningless without events.
        last_ms: time of the last event.
    """

    prompts: NDArray[np.int32]
    delayeds: NDArray[np.int32]
    prompt_tally: EventTally = field(default_factory=EventTally)
    delayed_tally: EventTally = field(default_factory=EventTally)
    first_ms: int = 1 << 32
    last_ms: int = 0


def count_events(chunks: Iterable[EventChunk], model: LineModel, *, progress: bool = True) -> EventHistogram:
    """Count the events of a file.

    Args:
        chunks: events in any order.
        model: the scanner.
        progress: show a progress bar.

    Returns:
        The counts; the memory is that of the two histograms and of one chunk.

    Raises:
        ConfigError: the histograms would not fit in memory.
    """
    planes, tof, angles, bins = model.sampling.shape
    num_bytes = 4 * planes * (tof + 1) * angles * bins
    if num_bytes > MAX_HISTOGRAM_BYTES:
        raise ConfigError(
            f"expected sinograms of at most {MAX_HISTOGRAM_BYTES >> 30} GiB, {model.geometry.name} with "
            f"these pixels makes {num_bytes / 2**30:.1f} GiB; choose fewer (--matrix), larger (--voxel-size) "
            "pixels"
        )
    histogram = EventHistogram(
        np.zeros((planes, tof, angles, bins), np.int32), np.zeros((planes, angles, bins), np.int32)
    )
    with tqdm(desc="rebinning", unit="event", unit_scale=True, disable=not progress) as bar:
        for chunk in chunks:
            size = chunk.prompt.size
            for start in range(0, size, _EVENTS_PER_BLOCK):
                _count_block(histogram, events_slice(chunk, slice(start, start + _EVENTS_PER_BLOCK)), model)
            if size:
                histogram.first_ms = min(histogram.first_ms, int(chunk.time_ms.min()))
                histogram.last_ms = max(histogram.last_ms, int(chunk.time_ms.max()))
            bar.update(size)
    return histogram


def events_slice(events: EventChunk, part: slice | NDArray[np.bool_]) -> EventChunk:
    """Return some of the events.

    Args:
        events: a chunk.
        part: which of them.
    """
    if isinstance(events, DetectorEvents):
        return DetectorEvents(
            events.detectors[part], events.tof[part], events.prompt[part], events.time_ms[part]
        )
    return SinogramEvents(*(getattr(events, name)[part] for name in SinogramEvents.__dataclass_fields__))


def _count_block(histogram: EventHistogram, events: EventChunk, model: LineModel) -> None:
    cells = model.cells(events)
    _, num_tof, angles, bins = histogram.prompts.shape
    for prompts, tally in ((True, histogram.prompt_tally), (False, histogram.delayed_tally)):
        of_kind = cells[events.prompt == prompts]
        used = of_kind[of_kind >= 0]
        tally.total += of_kind.size
        tally.used += used.size
        tally.outside_view += int(np.count_nonzero(of_kind == OUTSIDE_VIEW))
        tally.outside_tof += int(np.count_nonzero(of_kind == OUTSIDE_TOF))
        if prompts:
            np.add.at(histogram.prompts.reshape(-1), used, np.int32(1))
        else:
            plane, rest = np.divmod(used, num_tof * angles * bins)
            np.add.at(
                histogram.delayeds.reshape(-1), plane * (angles * bins) + rest % (angles * bins), np.int32(1)
            )
