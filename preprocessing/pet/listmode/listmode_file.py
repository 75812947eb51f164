"""What every format of list-mode files offers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from preprocessing.pet.listmode.copied_part import CopiedPart
from preprocessing.pet.listmode.event_chunk import EventChunk
from preprocessing.pet.listmode.event_counts import EventCounts
from preprocessing.pet.listmode.event_part import EventPart
from preprocessing.pet.listmode.scanner_geometry import Geometry
from preprocessing.pet.listmode.survey import Progress, Survey
from preprocessing.pet.thinning import Interval


class ListModeFile(Protocol):
    """An open list-mode file; it holds no events in memory."""

    path: Path
    """The file of events."""
    inputs: tuple[Path, ...]
    """All files that are read: the events, and a header beside them."""
    format: str
    """Name of the format with its version, for the user."""
    experimental: bool
    """Whether the reader was never seen to work on a file of a real scanner."""
    start_ms: int
    """First time in the file, where ``duration_ms`` is known."""
    duration_ms: int | None
    """Length of the acquisition, where the header or the time marks tell."""
    warnings: tuple[str, ...]
    """What the user should know about the file, one text each."""

    def facts(self) -> dict[str, Any]:
        """Facts of the header for the user, JSON-serialisable, without anything that names a patient."""
        ...

    def geometry(self) -> Geometry:
        """The scanner.

        Raises:
            RefusedListMode: the file does not describe it.
        """
        ...

    def events(self, chunk_events: int = 1 << 20) -> Iterator[EventChunk]:
        """Decode the events in file order, in bounded memory.

        Args:
            chunk_events: events of a chunk, about.
        """
        ...

    def survey(self, progress: Progress | None = None) -> Survey:
        """Read the whole file once: counts, count rate and checks.

        Args:
            progress: called with the number of bytes that were read since the last call.

        Raises:
            RefusedListMode: the file is broken.
        """
        ...

    def thin(self, destination: Path, keep: Interval, key: int) -> EventCounts:
        """Write a copy in the same format that holds the events of an interval; see ``thinning``.

        Args:
            destination: file to write, whole or not at all.
            keep: the interval of u.
            key: 128-bit key of the random numbers.

        Returns:
            Counts of the events that were kept.
        """
        ...

    def copy_part(
        self,
        destination: Path,
        part: EventPart,
        keep_identity: bool = False,
        progress: Progress | None = None,
    ) -> CopiedPart:
        """Write a copy in the same format that holds some of the events; tags stay as they are.

        Args:
            destination: file to write, whole or not at all.
            part: the events to keep.
            keep_identity: copy what may tell who was scanned and when, which is left out otherwise.
            progress: called with the number of bytes that were read since the last call.

        Returns:
            Counts and digests.

        Raises:
            RefusedListMode: the file is broken, or this format cannot be written.
        """
        ...

    def beside(self, destination: Path) -> tuple[Path, ...]:
        """Name the files that :meth:`copy_part` writes beside ``destination``, such as a header.

        Args:
            destination: the file of events.
        """
        ...
