"""What is known of a low-dose copy of a list-mode file after it was written."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from preprocessing.pet.listmode.count_rate import CountRate
from preprocessing.pet.listmode.event_counts import EventCounts

_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class CopiedPart:
    """A copy and its source.

    Attributes:
        read: events of the source.
        kept: events of the copy.
        tags: everything else that was copied, name to number.
        rate: events of the copy over time.
        source_sha256: digest of the source's file of events.
        copy_sha256: digest of the copy's file of events.
    """

    read: EventCounts
    kept: EventCounts
    tags: Mapping[str, int]
    rate: CountRate
    source_sha256: str
    copy_sha256: str


class DigestedFile:
    """A binary file to write, whose digest is known when it is done.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=_BUFFER_BYTES)
        self._digest = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self._file.write(data)
        self._digest.update(data)

    @property
    def sha256(self) -> str:
        """Digest of everything that was written so far, 64 hexadecimal digits."""
        return self._digest.hexdigest()

    def __enter__(self) -> "DigestedFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
