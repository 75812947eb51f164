"""Siemens list-mode files: PETLINK words of 32 bit and an Interfile header."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.event_words import ADDRESS_MASK, is_event, is_time_mark, time_ms
from preprocessing.pet.listmode.copied_part import CopiedPart
from preprocessing.pet.listmode.event_chunk import SinogramEvents
from preprocessing.pet.listmode.event_counts import EventCounts
from preprocessing.pet.listmode.event_part import EventPart, RandomPart
from preprocessing.pet.listmode.interfile_header import InterfileHeader
from preprocessing.pet.listmode.scanner_geometry import SinogramGeometry
from preprocessing.pet.listmode.siemens_header import SiemensHeader, header_facts
from preprocessing.pet.listmode.siemens_header_copy import copied_header
from preprocessing.pet.listmode.survey import Check, Progress, Survey, check_that, late_start
from preprocessing.pet.listmode.word_copy import copy_words, decode_words
from preprocessing.pet.listmode.word_file import read_words
from preprocessing.pet.listmode.word_tally import WordTally
from preprocessing.pet.thinning import Interval
from taskgan_ext.errors import RefusedListMode
from taskgan_ext.io.atomic import atomic_path

_END_BYTES = 1 << 22
"""At both ends of the file, where the first and the last time mark are looked for."""
_SAME_DURATION = 0.01
"""Relative; or a second, whichever is longer."""


class SiemensFile:
    """Events and header of a scan; a ``ListModeFile``.

    Layout of the words: ``preprocessing.pet.event_words``. Seen to work on a fragment of a real Biograph mMR
    scan; files with time of flight were never tried.

    Args:
        path: the ``.l`` file.
        header: its header.

    Raises:
        RefusedListMode: the header is of another kind of file, or the events do not end at a whole word.
    """

    format = "Siemens PETLINK 32 bit"

    def __init__(self, path: Path, header: InterfileHeader) -> None:
        self.path = path
        self.inputs: tuple[Path, ...] = (path, header.path)
        self._text = header
        self._header = SiemensHeader.parse(header)
        self.experimental = self._header.geometry.num_tof_bins > 1
        self._num_words, rest = divmod(path.stat().st_size, 4)
        if rest:
            raise RefusedListMode(
                "truncated",
                f"{path}: expected words of 32 bits, but the file ends at byte {4 * self._num_words + rest}, "
                f"inside word {self._num_words}; copy it again",
            )
        self.start_ms, self.duration_ms = self._time()
        self.warnings = self._find_warnings()

    def facts(self) -> dict[str, Any]:
        """Scanner, layout and tracer."""
        sizes = {name: value for name, value in vars(self.geometry()).items() if name != "name"}
        return {
            "scanner": self.geometry().name,
            **sizes,
            **header_facts(self._text),
        }

    def geometry(self) -> SinogramGeometry:
        """The scanner."""
        return self._header.geometry

    def events(self, chunk_events: int = 1 << 20) -> Iterator[SinogramEvents]:
        """Decode the events; see ``ListModeFile``.

        Args:
            chunk_events: events of a chunk, about.

        Raises:
            RefusedListMode: an address is out of range.
        """
        roles = (3, 2, 1, 0)
        yield from decode_words(self.path, self._header.layout, roles, chunk_events, self.start_ms)

    def survey(self, progress: Progress | None = None) -> Survey:
        """Count and check; see ``ListModeFile``.

        Args:
            progress: called with the number of bytes that were read since the last call.
        """
        layout, tally = self._header.layout, WordTally(self.start_ms)
        virtual = virtual_bins(self._header.geometry).reshape(-1)
        out_of_range = in_gaps = 0
        for words in read_words(self.path):
            tally.add(words)
            addresses = words[is_event(words)] & ADDRESS_MASK
            out_of_range += int(np.count_nonzero(addresses >= layout.num_addresses))
            if self._header.geometry.virtual_every:
                in_gaps += int(np.count_nonzero(virtual[addresses % np.uint32(virtual.size)]))
            if progress is not None:
                progress(words.nbytes)
        checks = [
            *tally.checks(),
            check_that(
                "addresses",
                not out_of_range,
                f"{out_of_range} events beyond the {layout.num_addresses} bins of the header",
            ),
            self._check_words(),
        ]
        if self._header.geometry.virtual_every:
            checks.append(
                check_that(
                    "gaps between blocks", not in_gaps, f"{in_gaps} events in crystals that do not exist"
                )
            )
        return Survey(tally.counts, tally.tags, tally.duration_ms, tally.rate, tuple(checks), tally.start_ms)

    def thin(self, destination: Path, keep: Interval, key: int) -> EventCounts:
        """Write a low-dose copy; see ``ListModeFile``.

        Args:
            destination: the ``.l`` file to write; its header will be ``<destination>.hdr``.
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

        Every word that is no event is copied. The header keeps the duration of the whole scan.

        Args:
            destination: the ``.l`` file to write; its header will be ``<destination>.hdr``.
            part: the events to keep.
            keep_identity: copy dates, comments and names of the header.
            progress: called with the number of bytes that were read since the last call.
        """
        with atomic_path(destination) as temporary:
            copied = copy_words(self.path, temporary, part, progress, start_ms=self.start_ms)
            num_words = temporary.stat().st_size // 4
            header = copied_header(self._text, destination.name, num_words, _comment(part), keep_identity)
            with atomic_path(self.beside(destination)[0]) as temporary_header:
                temporary_header.write_bytes(header.encode("latin-1"))
        return copied

    def beside(self, destination: Path) -> tuple[Path, ...]:
        """The header of a copy.

        Args:
            destination: the ``.l`` file.
        """
        return (destination.with_name(f"{destination.name}.hdr"),)

    def _time(self) -> tuple[int, int | None]:
        """First time mark, and the time from there to the end of the millisecond of the last one.

        The header tells the times of the whole scan, of which the file may be a part.
        """
        first, last = self._marks(0), self._marks(max(0, 4 * self._num_words - _END_BYTES))
        if not (first.size and last.size):
            return 0, None
        start = int(time_ms(first[:1])[0])
        return start, max(0, int(time_ms(last[-1:])[0]) + 1 - start)

    def _marks(self, offset: int) -> NDArray[np.uint32]:
        with self.path.open("rb") as file:
            file.seek(offset)
            words = np.frombuffer(file.read(_END_BYTES), "<u4").astype(np.uint32)
        return words[is_time_mark(words)]

    def _check_words(self) -> Check:
        stated = self._header.stated_words
        if stated is None:
            return check_that("words of the header", False, "the header states none", "warning")
        text = f"{self._num_words} in the file, {stated} in the header"
        return check_that("words of the header", stated == self._num_words, text, "warning")

    def _find_warnings(self) -> tuple[str, ...]:
        texts = []
        stated = self._header.stated_words
        if stated is not None and stated != self._num_words:
            texts.append(
                f"the header tells of {stated} words, the file holds {self._num_words}; it is a part of a "
                "scan, or cut short"
            )
        texts += [*late_start(self.start_ms), *self._duration_notice()]
        if not self._header.known_model:
            texts.append("the gaps between the blocks of this scanner are not known; none are assumed")
        if self.experimental:
            texts.append("time of flight of Siemens files is experimental: no real file was ever tried")
        return tuple(texts)

    def _duration_notice(self) -> list[str]:
        stated = header_facts(self._text).get("stated_duration_s")
        if stated is None or self.duration_ms is None:
            return []
        found = self.duration_ms / 1000
        if abs(stated - found) <= max(1.0, _SAME_DURATION * stated):
            return []
        return [f"the header tells of {stated:g} s, the time marks span {found:g} s, which are used"]


def virtual_bins(geometry: SinogramGeometry) -> NDArray[np.bool_]:
    """Tell which bins touch a gap between blocks, see ``SinogramGeometry``.

    Args:
        geometry: the scanner.

    Returns:
        ``(num_views, num_radial)``.
    """
    if not geometry.virtual_every:
        return np.zeros((geometry.num_views, geometry.num_radial), bool)
    crystals = 2 * geometry.num_views
    view = np.arange(geometry.num_views)[:, None]
    k = np.arange(geometry.num_radial) - geometry.num_radial // 2
    first, second = (view + k // 2) % crystals, (view - (k + 1) // 2 + crystals // 2) % crystals
    return (first % geometry.virtual_every == 0) | (second % geometry.virtual_every == 0)


def _comment(part: EventPart) -> str:
    if isinstance(part, RandomPart):
        low, high = part.keep
        return (
            f"thinned by taskgan-ext: share {high - low:.12g} of prompts and delayeds at random, "
            f"u from {low:.12g} to {high:.12g}, key {part.key:032x}"
        )
    return f"thinned by taskgan-ext: events from {part.start_ms} to {part.stop_ms} ms only"
