"""Writing a part of a PETSIRD file as another one, without decoding its events."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.copied_part import CopiedPart, DigestedFile
from preprocessing.pet.listmode.count_rate import CountRate
from preprocessing.pet.listmode.event_counts import EventCounts
from preprocessing.pet.listmode.event_part import EventChooser, EventPart, TimeWindow
from preprocessing.pet.listmode.petsird_blocks import NUMBERS_PER_EVENT, BlockWalk, EventList
from preprocessing.pet.listmode.petsird_events import encode_varint, select_groups
from preprocessing.pet.listmode.petsird_layout import read_layout
from preprocessing.pet.listmode.survey import Progress
from preprocessing.pet.listmode.yardl_reader import CHUNK_BYTES, YardlReader

_AT_ONCE = 1 << 20
"""Lists of more events are drawn twice: to count what is kept, which stands before them, and to keep it."""
_NO_EXAM = b"\0"


def copy_petsird(
    source: Path,
    destination: Path,
    part: EventPart,
    keep_identity: bool = False,
    progress: Progress | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> CopiedPart:
    """Copy some of the coincidences of a file and everything else, byte by byte.

    Args:
        source: the file to read.
        destination: the file to write; the caller sees to it that it is whole or absent.
        part: the coincidences to keep, of prompts and delayeds together in the order of the file.
        keep_identity: copy the description of the exam too.
        progress: called with the number of bytes that were read since the last call.
        chunk_bytes: bytes that are read at a time; does not change the result.

    Raises:
        DependencyError: petsird is not installed.
        RefusedListMode: the file is of another version, damaged, or has time blocks that are longer than the
            window.
    """
    with YardlReader(source, 0, progress, chunk_bytes) as reader, DigestedFile(destination) as file:
        reader.copy_to = file
        layout = read_layout(reader)
        layout.scanner.skip(reader)
        if not keep_identity:
            reader.copy_to = None
            layout.exam.skip(reader)
            file.write(_NO_EXAM)
            reader.copy_to = file
        else:
            layout.exam.skip(reader)
        walk, chooser, rate = BlockWalk(reader, layout.block), EventChooser(part), CountRate()
        read = kept = EventCounts()
        for head in walk.event_lists():
            _check_window(reader, head, part)
            num_kept = _copy_list(reader, head, chooser, file)
            read += _counts(head.prompt, head.count)
            kept += _counts(head.prompt, num_kept)
            rate.add(head.start_ms, num_kept * head.prompt, num_kept * (not head.prompt))
        rate.resolution_ms = max(1, walk.longest_ms)
        return CopiedPart(read, kept, dict(walk.tags), rate, reader.sha256, file.sha256)


def _copy_list(reader: YardlReader, head: EventList, chooser: EventChooser, file: DigestedFile) -> int:
    """Copy the chosen events of one list; return how many."""
    if head.count <= _AT_ONCE:
        mask = chooser.take(head.count, head.start_ms)
        num_kept = int(np.count_nonzero(mask))
    else:
        mask, num_kept = None, chooser.count(head.count, head.start_ms)
    file.write(encode_varint(num_kept))
    for (raw, ends), chosen in _with_masks(reader, head, chooser, mask):
        file.write(np.ascontiguousarray(select_groups(raw, ends, chosen)).data)
    return num_kept


def _with_masks(
    reader: YardlReader, head: EventList, chooser: EventChooser, mask: NDArray[np.bool_] | None
) -> Iterator[tuple[tuple[NDArray[np.uint8], NDArray[np.intp]], NDArray[np.bool_]]]:
    done = 0
    for raw, ends in reader.varint_groups(head.count, NUMBERS_PER_EVENT):
        size = ends.size // NUMBERS_PER_EVENT
        chosen = chooser.take(size, head.start_ms) if mask is None else mask[done : done + size]
        done += size
        yield (raw, ends), chosen


def _check_window(reader: YardlReader, head: EventList, part: EventPart) -> None:
    if not isinstance(part, TimeWindow):
        return
    window, block = part.stop_ms - part.start_ms, head.stop_ms - head.start_ms
    if block > max(1, window):
        raise reader.refuse(
            "unsupported",
            f"expected time blocks shorter than the window of {window} ms, found one of {block} ms, whose "
            "events have no times of their own; use random thinning",
        )


def _counts(prompt: bool, number: int) -> EventCounts:
    return EventCounts(number, 0) if prompt else EventCounts(0, number)
