"""GE RDF9 list-mode files (HDF5). Experimental: written after STIR's reader, never tried on a real file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.copied_part import CopiedPart
from preprocessing.pet.listmode.count_rate import CountRate
from preprocessing.pet.listmode.event_chunk import DetectorEvents
from preprocessing.pet.listmode.event_counts import EventCounts
from preprocessing.pet.listmode.event_part import EventPart, RandomPart
from preprocessing.pet.listmode.ge_layout import read_ge_layout
from preprocessing.pet.listmode.ge_records import Records, decode_records, record_starts
from preprocessing.pet.listmode.ge_scanner import NUM_CRYSTALS, NUM_RINGS, NUM_TOF_BINS, signa_geometry
from preprocessing.pet.listmode.scanner_geometry import DetectorGeometry
from preprocessing.pet.listmode.survey import Progress, Survey, check_that
from preprocessing.pet.thinning import Interval
from taskgan_ext.errors import RefusedListMode

_CHUNK_BYTES = 6 << 18
_BYTES_PER_RECORD = 6


class GeFile:
    """A file of the SIGNA PET/MR; a ``ListModeFile``. Prompts only: randoms come from singles.

    Args:
        path: the file.

    Raises:
        DependencyError: h5py is not installed.
        RefusedListMode: the file is compressed, of another scanner or version, or damaged.
    """

    format = "GE RDF9"
    experimental = True
    start_ms = 0

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inputs: tuple[Path, ...] = (path,)
        self._layout = read_ge_layout(path)
        self.duration_ms: int | None = self._layout.duration_ms
        self.warnings: tuple[str, ...] = (
            "reading GE RDF9 is experimental: it follows the layout in STIR, no real file was ever tried, "
            "and the sign of time of flight and the first crystal's angle are not verified",
        )

    def facts(self) -> dict[str, Any]:
        """Scanner."""
        return {"scanner": "GE SIGNA PET/MR", "experimental": True, "delayeds": "not stored by this format"}

    def geometry(self) -> DetectorGeometry:
        """The scanner."""
        return signa_geometry()

    def events(self, chunk_events: int = _CHUNK_BYTES // _BYTES_PER_RECORD) -> Iterator[DetectorEvents]:
        """Decode the events; see ``ListModeFile``.

        Args:
            chunk_events: events of a chunk, about.

        Raises:
            RefusedListMode: a crystal does not exist, or the file is damaged.
        """
        first_mark, time_ms = None, 0
        for records, _ in self._records(max(chunk_events, 3) * _BYTES_PER_RECORD):
            if first_mark is None and records.mark_times.size:
                first_mark = int(records.mark_times[0])
            marks = records.mark_times.astype(np.int64) - (first_mark or 0)
            times = np.concatenate([[time_ms], np.clip(marks, 0, 2**32 - 1)])
            yield self._chunk(records, times[np.searchsorted(records.mark_order, records.order)])
            time_ms = int(times[-1])

    def survey(self, progress: Progress | None = None) -> Survey:
        """Count and check; see ``ListModeFile``.

        Args:
            progress: called with the number of bytes that were read since the last call.

        Raises:
            RefusedListMode: a crystal does not exist, or the file is damaged.
        """
        rate, marks, others, num_events = CountRate(), 0, 0, 0
        for records, num_bytes in self._records(_CHUNK_BYTES):
            marks += records.mark_order.size
            others += records.num_records - records.mark_order.size - records.order.size
            if progress is not None:
                progress(num_bytes)
        last = 0
        for chunk in self.events():
            num_events += chunk.tof.size
            times, counts = np.unique(chunk.time_ms, return_counts=True)
            rate.add(times, counts, np.zeros_like(counts))
            last = max(last, int(times[-1]) if times.size else 0)
        return Survey(
            counts=EventCounts(num_events, 0),
            tags={"time marks": marks, "other records": others},
            duration_ms=last + 1 if marks else 0,
            rate=rate,
            checks=(
                check_that("addresses", True, "all events name crystals that exist"),
                check_that("time marks", marks > 0, f"{marks} of them"),
            ),
        )

    def thin(self, destination: Path, keep: Interval, key: int) -> EventCounts:
        """Not offered; see :meth:`copy_part`.

        Args:
            destination: the file.
            keep: the interval of u.
            key: 128-bit key of the random numbers.

        Raises:
            RefusedListMode: always.
        """
        return self.copy_part(destination, RandomPart(keep, key)).kept

    def copy_part(
        self,
        destination: Path,  # noqa: ARG002 - nothing is written
        part: EventPart,  # noqa: ARG002
        keep_identity: bool = False,  # noqa: ARG002
        progress: Progress | None = None,  # noqa: ARG002
    ) -> CopiedPart:
        """Not offered: the singles from which randoms are computed would stay those of the full dose.

        Args:
            destination: the file.
            part: the events to keep.
            keep_identity: without effect.
            progress: without effect.

        Raises:
            RefusedListMode: always.
        """
        raise RefusedListMode(
            "unsupported",
            f"{self.path}: GE RDF9 can be read, not thinned: it has no delayeds, and randoms from singles "
            "beside the events would stay those of the full dose",
        )

    def beside(self, destination: Path) -> tuple[Path, ...]:  # noqa: ARG002 - nothing is written
        """Nothing.

        Args:
            destination: the file.
        """
        return ()

    def _chunk(self, records: Records, times: NDArray[np.int64]) -> DetectorEvents:
        tof = records.tof + np.int16(NUM_TOF_BINS // 2)
        crystals = np.stack([records.first, records.second], axis=1)  # event, detector, (transaxial, axial)
        inside = (
            (crystals[..., 0] < NUM_CRYSTALS).all()
            and (crystals[..., 1] < NUM_RINGS).all()
            and ((tof >= 0) & (tof < NUM_TOF_BINS)).all()
        )
        if not inside:
            raise RefusedListMode(
                "address_out_of_range",
                f"{self.path}: expected crystals and time-of-flight bins of a SIGNA PET/MR, found an event "
                "beyond them; the file is damaged or of another scanner",
            )
        return DetectorEvents(
            detectors=crystals[..., 1] * np.int32(NUM_CRYSTALS) + (NUM_CRYSTALS - 1 - crystals[..., 0]),
            tof=tof.astype(np.int16),
            prompt=np.ones(tof.size, bool),
            time_ms=times.astype(np.uint32),
        )

    def _records(self, chunk_bytes: int) -> Iterator[tuple[Records, int]]:
        """Decoded records, and the bytes that they take, in pieces."""
        rest = b""
        for data in self._pieces(max(16, chunk_bytes // 2 * 2)):
            rest += data
            words = np.frombuffer(rest[: len(rest) // 2 * 2], "<u2").astype(np.uint16)
            found = record_starts(words)
            if found is None:
                raise RefusedListMode(
                    "parse_error", f"{self.path}: expected records of 6, 8 or 16 bytes, found something else"
                )
            starts, num_words = found
            rest = rest[2 * num_words :]
            yield decode_records(words, starts), 2 * num_words
        if rest:
            raise RefusedListMode(
                "truncated", f"{self.path}: expected whole records, but the last one is cut short"
            )

    def _pieces(self, chunk_bytes: int) -> Iterator[bytes]:
        """The bytes of the events."""
        with self.path.open("rb") as file:
            for start, length in self._layout.extents:
                file.seek(start)
                for done in range(0, length, chunk_bytes):
                    yield file.read(min(chunk_bytes, length - done))
