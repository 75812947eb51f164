"""PETSIRD list-mode files, binary, version 0.12."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.copied_part import CopiedPart
from preprocessing.pet.listmode.count_rate import CountRate
from preprocessing.pet.listmode.event_chunk import DetectorEvents
from preprocessing.pet.listmode.event_counts import EventCounts
from preprocessing.pet.listmode.event_part import EventPart, RandomPart
from preprocessing.pet.listmode.petsird_blocks import NUMBERS_PER_EVENT, BlockWalk, EventList
from preprocessing.pet.listmode.petsird_copy import copy_petsird
from preprocessing.pet.listmode.petsird_events import decode_varints
from preprocessing.pet.listmode.petsird_exam import exam_facts
from preprocessing.pet.listmode.petsird_layout import read_layout
from preprocessing.pet.listmode.petsird_scanner import PetsirdScanner
from preprocessing.pet.listmode.scanner_geometry import DetectorGeometry
from preprocessing.pet.listmode.survey import Progress, Survey, check_that, late_start
from preprocessing.pet.listmode.yardl_reader import YardlReader
from preprocessing.pet.thinning import Interval
from taskgan_ext.io.atomic import atomic_path


class PetsirdFile:
    """A file of the Emission Tomography Standardization Initiative; a ``ListModeFile``.

    Seen to work on files that the PETSIRD SDK wrote; no real scanner writes them yet.

    Args:
        path: the file.

    Raises:
        DependencyError: petsird is not installed.
        RefusedListMode: the file is of another version, or its header is damaged.
    """

    experimental = False
    start_ms = 0
    duration_ms: int | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inputs: tuple[Path, ...] = (path,)
        with YardlReader(path) as reader:
            self._layout = read_layout(reader)
            self._scanner = PetsirdScanner(self._layout.scanner.read(reader), str(path))
            self._exam = self._layout.exam.read(reader)
            self._first_block = reader.position
        self.format = f"PETSIRD {self._layout.version}, binary"
        self.warnings = self._find_warnings()

    def facts(self) -> dict[str, Any]:
        """Scanner and tracer."""
        return {
            "scanner": self._scanner.name,
            "detectors": [module.num_detectors for module in self._scanner.types],
            "energy_bins": [module.num_energies for module in self._scanner.types],
            "tof_bins": self._scanner.geometry().tof_edges.size - 1,
            **exam_facts(self._exam),
        }

    def geometry(self) -> DetectorGeometry:
        """The scanner; the centres of the boxes are the positions of the detectors."""
        return self._scanner.geometry()

    def events(self, chunk_events: int = 1 << 20) -> Iterator[DetectorEvents]:
        """Decode the events; see ``ListModeFile``.

        All events of a time block have the time of its beginning. Events in rows without a type of modules,
        which the SDK's example generator writes, are left out.

        Args:
            chunk_events: events of a chunk, about.

        Raises:
            RefusedListMode: a detector does not exist, or the file is damaged.
        """
        waiting: list[DetectorEvents] = []
        num_waiting = 0
        with YardlReader(self.path, self._first_block) as reader:
            for head in BlockWalk(reader, self._layout.block).event_lists():
                if not self._scanner.knows(head.types):
                    reader.skip_varints(head.count * NUMBERS_PER_EVENT)
                    continue
                for raw, ends in reader.varint_groups(head.count, NUMBERS_PER_EVENT):
                    chunk = self._decode(reader, head, raw, ends)
                    waiting.append(chunk)
                    num_waiting += chunk.tof.size
                    if num_waiting >= chunk_events:
                        yield _join(waiting)
                        waiting, num_waiting = [], 0
        if waiting:
            yield _join(waiting)

    def survey(self, progress: Progress | None = None) -> Survey:
        """Count and check; see ``ListModeFile``.

        Args:
            progress: called with the number of bytes that were read since the last call.

        Raises:
            RefusedListMode: a detector does not exist, or the file is damaged.
        """
        counts, rate, surplus = EventCounts(), CountRate(), 0
        with YardlReader(self.path, self._first_block, progress) as reader:
            walk = BlockWalk(reader, self._layout.block)
            for head in walk.event_lists():
                counts += EventCounts(head.count * head.prompt, head.count * (not head.prompt))
                rate.add(head.start_ms, head.count * head.prompt, head.count * (not head.prompt))
                surplus += 0 if self._scanner.knows(head.types) else head.count
                for raw, ends in reader.varint_groups(head.count, NUMBERS_PER_EVENT):
                    if self._scanner.knows(head.types):
                        self._decode(reader, head, raw, ends)
        rate.resolution_ms, start_ms = max(1, walk.longest_ms), walk.first_ms or 0
        late = late_start(start_ms)
        checks = (
            check_that("start of the scan", not late, "".join(late) or f"{start_ms} ms", "warning"),
            check_that("order of time blocks", not walk.steps_back, f"{walk.steps_back} steps back"),
            check_that("addresses", True, "all events name detectors and time-of-flight bins that exist"),
            check_that(
                "types of modules",
                not surplus,
                f"{surplus} events in rows of types that the scanner does not have; they are thinned, not "
                "reconstructed",
                "warning",
            ),
            check_that(
                "multiple coincidences",
                not walk.tags["triple events"] + walk.tags["quadruple events"],
                f"{walk.tags['triple events']} triple and {walk.tags['quadruple events']} quadruple events; "
                "a thinned copy holds all of them",
                "warning",
            ),
        )
        tags = {kind: number for kind, number in walk.tags.items() if number}
        return Survey(counts, tags, max(0, walk.stop_ms - start_ms), rate, checks, start_ms)

    def thin(self, destination: Path, keep: Interval, key: int) -> EventCounts:
        """Write a low-dose copy; see ``ListModeFile``.

        Args:
            destination: the file to write.
            keep: the interval of u.
            key: 128-bit key of the random numbers.
        """
        return self.copy_part(destination, RandomPart(keep, key)).kept

    def copy_part(
        self,
        destination: Path,
        part: EventPart,
        keep_identity: bool = False,
        progress: Progress | None = None,
    ) -> CopiedPart:
        """Write a copy with some of the events; see ``ListModeFile``.

        Args:
            destination: the file to write.
            part: the events to keep.
            keep_identity: copy the description of the exam.
            progress: called with the number of bytes that were read since the last call.
        """
        with atomic_path(destination) as temporary:
            return copy_petsird(self.path, temporary, part, keep_identity, progress)

    def beside(self, destination: Path) -> tuple[Path, ...]:  # noqa: ARG002 - the header is in the file
        """Nothing.

        Args:
            destination: the file.
        """
        return ()

    def _decode(
        self, reader: YardlReader, head: EventList, raw: NDArray[np.uint8], ends: NDArray[np.intp]
    ) -> DetectorEvents:
        """Decode some whole events of a list."""
        numbers = decode_varints(raw, ends)
        if numbers is None:
            raise reader.refuse("parse_error", "expected events of three numbers of 32 bits")
        columns = numbers.reshape(-1, NUMBERS_PER_EVENT).T
        first, second = (
            self._scanner.types[kind].detectors(bins) for kind, bins in zip(head.types, columns, strict=False)
        )
        tof = self._scanner.tof_bins(head.types, columns[2])
        if first is None or second is None or tof is None:
            raise reader.refuse(
                "address_out_of_range",
                "expected events at detectors and time-of-flight bins of the header, found one beyond them; "
                "the file is damaged",
            )
        return DetectorEvents(
            detectors=np.stack([first, second], axis=1),
            tof=tof,
            prompt=np.full(tof.size, head.prompt),
            time_ms=np.full(tof.size, head.start_ms, np.uint32),
        )

    def _find_warnings(self) -> tuple[str, ...]:
        texts = []
        if self._scanner.has_pair_efficiencies:
            texts.append("efficiencies of pairs of modules are not used, only those of detectors")
        if self._scanner.mapped_tof:
            pairs = ", ".join(f"{first}-{second}" for first, second in self._scanner.mapped_tof)
            texts.append(
                f"module types {pairs} have time-of-flight bins of their own; their events go to the nearest "
                "ones of the first type"
            )
        return tuple(texts)


def _join(chunks: list[DetectorEvents]) -> DetectorEvents:
    return DetectorEvents(
        *(
            np.concatenate([getattr(chunk, field.name) for chunk in chunks])
            for field in fields(DetectorEvents)
        )
    )
