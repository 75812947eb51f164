"""The simulator's own list-mode files, see ``word_file``."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from preprocessing.pet.event_words import is_event
from preprocessing.pet.listmode.copied_part import CopiedPart
from preprocessing.pet.listmode.event_chunk import SinogramEvents
from preprocessing.pet.listmode.event_counts import EventCounts
from preprocessing.pet.listmode.event_part import EventPart, RandomPart
from preprocessing.pet.listmode.scanner_geometry import Geometry
from preprocessing.pet.listmode.survey import Progress, Survey, check_that
from preprocessing.pet.listmode.word_copy import copy_words, decode_words
from preprocessing.pet.listmode.word_file import ListModeHeader, header_path, read_header, read_words
from preprocessing.pet.listmode.word_tally import WordTally
from preprocessing.pet.thinning import Interval
from taskgan_ext.errors import RefusedListMode
from taskgan_ext.io.atomic import atomic_path, write_json

_ROLES = (("bin",), ("angle", "view"), ("slice", "plane"))
"""Names of the dimensions that tell the radial bin, the view and the plane of an event."""


class SimulatedFile:
    """A file of 32-bit words with a JSON header; a ``ListModeFile``.

    Args:
        path: the ``.l`` file; its header lies beside it.

    Raises:
        DataError: file or header is missing.
        RefusedListMode: the header is wrong, or the file too short.
    """

    format = "32-bit words of the simulator"
    experimental = False
    start_ms = 0
    warnings: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inputs: tuple[Path, ...] = (path, header_path(path))
        self._header = read_header(path)
        self.duration_ms: int | None = self._header.duration_ms

    def facts(self) -> dict[str, Any]:
        """Scanner, layout and history."""
        header = self._header
        return {"scanner": header.scanner, "layout": asdict(header.layout), "history": header.history}

    def geometry(self) -> Geometry:
        """These files are arc-corrected slices, which the simulator reconstructs itself.

        Raises:
            RefusedListMode: always.
        """
        raise RefusedListMode(
            "unsupported",
            f"{self.path}: the simulator's files hold arc-corrected slices, and no crystals; "
            "'pet simulate' reconstructs them",
        )

    def events(self, chunk_events: int = 1 << 20) -> Iterator[SinogramEvents]:
        """Decode the events; see ``ListModeFile``.

        Args:
            chunk_events: events of a chunk, about.

        Raises:
            RefusedListMode: the layout has no bins, views and slices, or an address is out of range.
        """
        names = self._header.layout.names
        found = [next((names.index(name) for name in role if name in names), None) for role in _ROLES]
        radial, view, plane = found
        if radial is None or view is None or plane is None:
            raise RefusedListMode(
                "unsupported", f"{self.path}: expected bins, angles and slices, got {', '.join(names)}"
            )
        tof = names.index("tof") if "tof" in names else None
        yield from decode_words(self.path, self._header.layout, (radial, view, plane, tof), chunk_events)

    def survey(self, progress: Progress | None = None) -> Survey:
        """Count and check; see ``ListModeFile``.

        Args:
            progress: called with the number of bytes that were read since the last call.

        Raises:
            RefusedListMode: an address is out of range.
        """
        tally = WordTally()
        for words in read_words(self.path):
            before = tally.counts
            tally.add(words)
            self._header.layout.addresses(words[is_event(words)], before.prompts + before.delayeds)
            if progress is not None:
                progress(words.nbytes)
        stated = EventCounts(self._header.num_prompts, self._header.num_delayeds)
        return Survey(
            counts=tally.counts,
            tags=tally.tags,
            duration_ms=self._header.duration_ms,
            rate=tally.rate,
            checks=(
                *tally.checks(),
                check_that("addresses", True, f"all below {self._header.layout.num_addresses}"),
                check_that(
                    "counts of the header",
                    stated == tally.counts,
                    f"{stated.prompts} prompts and {stated.delayeds} delayeds",
                ),
            ),
        )

    def thin(self, destination: Path, keep: Interval, key: int) -> EventCounts:
        """Write a low-dose copy; see ``ListModeFile``.

        Args:
            destination: the ``.l`` file to write.
            keep: the interval of u.
            key: 128-bit key of the random numbers.
        """
        return self.copy_part(destination, RandomPart(keep, key)).kept

    def copy_part(
        self,
        destination: Path,
        part: EventPart,
        keep_identity: bool = False,  # noqa: ARG002 - simulated subjects have none
        progress: Progress | None = None,
    ) -> CopiedPart:
        """Write a copy with some of the events; see ``ListModeFile``.

        Args:
            destination: the ``.l`` file to write.
            part: the events to keep.
            keep_identity: without effect; nobody was scanned.
            progress: called with the number of bytes that were read since the last call.
        """
        with atomic_path(destination) as temporary:
            copied = copy_words(self.path, temporary, part, progress)
            made = (
                {"keep": list(part.keep), "key": f"{part.key:032x}"}
                if isinstance(part, RandomPart)
                else {"window_ms": [part.start_ms, part.stop_ms]}
            )
            header = ListModeHeader(
                scanner=self._header.scanner,
                layout=self._header.layout,
                duration_ms=self._header.duration_ms,
                num_prompts=copied.kept.prompts,
                num_delayeds=copied.kept.delayeds,
                num_words=copied.kept.prompts + copied.kept.delayeds + sum(copied.tags.values()),
                sha256=copied.copy_sha256,
                history=made | {"source_sha256": copied.source_sha256, "source": self._header.history},
            )
            write_json(header_path(destination), header.to_dict())
        return copied

    def beside(self, destination: Path) -> tuple[Path, ...]:
        """The header of a copy.

        Args:
            destination: the ``.l`` file.
        """
        return (header_path(destination),)
