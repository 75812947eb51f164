"""Reading the bytes of a yardl stream (PETSIRD) forward, in bounded memory, and copying what was read.

Whole numbers stand as LEB128 varints: seven bits to a byte, lowest first, and every byte but the last has
its top bit set. Hence numbers can be counted, and skipped, by counting the bytes below 0x80.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.copied_part import DigestedFile
from preprocessing.pet.listmode.survey import Progress
from taskgan_ext.errors import RefusedListMode

CHUNK_BYTES = 1 << 20
_MAX_VARINT_BYTES = 10
_MAX_READ = 1 << 25
"""Most bytes that are read, and not only skipped or counted: objects take far more memory than bytes."""


class YardlReader:
    """Reads a file; whatever is read or skipped also goes to ``copy_to``, if that is set.

    Args:
        path: the file.
        start: byte to begin with.
        progress: called with the number of bytes that were read since the last call.
        chunk_bytes: bytes that are asked of the system at a time; does not change the result.

    Attributes:
        copy_to: takes what passes by.
    """

    def __init__(
        self, path: Path, start: int = 0, progress: Progress | None = None, chunk_bytes: int = CHUNK_BYTES
    ) -> None:
        self.path = path
        self.copy_to: DigestedFile | None = None
        self._file = path.open("rb", buffering=0)
        self._size = path.stat().st_size
        self._progress, self._chunk_bytes = progress, chunk_bytes
        self._digest = hashlib.sha256()
        self._bytes, self._array = b"", np.empty(0, np.uint8)
        self._ends: NDArray[np.intp] | None = None
        self._start, self._offset, self._num_read = start, 0, 0
        self._file.seek(start)

    def __enter__(self) -> "YardlReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def position(self) -> int:
        """Index of the next byte in the file."""
        return self._start + self._offset

    @property
    def remaining(self) -> int:
        """Bytes up to the end of the file."""
        return self._size - self.position

    @property
    def sha256(self) -> str:
        """Digest of what was read from the file, ahead of ``position`` perhaps; 64 hexadecimal digits."""
        return self._digest.hexdigest()

    def refuse(self, code: str, reason: str) -> RefusedListMode:
        """Make the error for this place in the file.

        Args:
            code: see ``refusal_codes``.
            reason: what was expected and found.
        """
        return RefusedListMode(code, f"{self.path}: byte {self.position}: {reason}")

    def read(self, num_bytes: int) -> bytes:
        """Return the next bytes.

        Args:
            num_bytes: how many.

        Raises:
            RefusedListMode: the file ends before, or they are too many for the memory.
        """
        self._check_remaining(num_bytes)
        self._num_read += num_bytes
        if self._num_read > _MAX_READ:
            raise self.refuse("unsupported", f"expected a header of which at most {_MAX_READ} bytes matter")
        while len(self._bytes) - self._offset < num_bytes:
            self._fill()
        data = self._bytes[self._offset : self._offset + num_bytes]
        self._pass(num_bytes)
        return data

    def skip(self, num_bytes: int) -> None:
        """Skip bytes.

        Args:
            num_bytes: how many.

        Raises:
            RefusedListMode: the file ends before.
        """
        self._check_remaining(num_bytes)
        while num_bytes:
            if self._offset == len(self._bytes):
                self._fill()
            step = min(num_bytes, len(self._bytes) - self._offset)
            self._pass(step)
            num_bytes -= step

    def varint(self) -> int:
        """Return the next unsigned number."""
        value = 0
        for place in range(_MAX_VARINT_BYTES):
            if self._offset == len(self._bytes):
                self._fill()
            byte = self._bytes[self._offset]
            self._pass(1)
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value
        raise self.refuse("parse_error", "expected a number of at most 64 bits")

    def signed_varint(self) -> int:
        """Return the next signed number (zigzag: 0, -1, 1, -2, ...)."""
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def count(self, min_bytes: int = 1) -> int:
        """Return the next number as a number of things that follow.

        Args:
            min_bytes: the fewest bytes that one of them takes.

        Raises:
            RefusedListMode: they cannot all be in the rest of the file.
        """
        count = self.varint()
        self._check_remaining(count * min_bytes)
        return count

    def skip_varints(self, count: int) -> None:
        """Skip numbers.

        Args:
            count: how many.
        """
        for raw, _ in self.varint_groups(count, 1):
            if self.copy_to is not None:
                self.copy_to.write(raw.data)

    def varint_groups(self, count: int, size: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.intp]]]:
        """Take groups of numbers as they stand, in pieces; they are not copied to ``copy_to``.

        Args:
            count: how many groups.
            size: numbers of a group.

        Yields:
            The bytes of some whole groups, and the index of the last byte of each of their numbers.
        """
        self._check_remaining(count * size)
        while count:
            if self._ends is None:
                self._ends = np.flatnonzero(self._array < 0x80)
            first = int(np.searchsorted(self._ends, self._offset))
            groups = min((self._ends.size - first) // size, count)
            if not groups:
                if len(self._bytes) - self._offset > size * _MAX_VARINT_BYTES:
                    raise self.refuse("parse_error", "expected numbers of at most 64 bits")
                self._fill()
                continue
            ends = self._ends[first : first + groups * size] - self._offset
            stop = self._offset + int(ends[-1]) + 1
            raw = self._array[self._offset : stop]
            self._offset = stop
            count -= groups
            yield raw, ends

    def _pass(self, num_bytes: int) -> None:
        if self.copy_to is not None:
            self.copy_to.write(self._bytes[self._offset : self._offset + num_bytes])
        self._offset += num_bytes

    def _fill(self) -> None:
        """Read more, keeping what was not passed yet."""
        data = self._file.read(self._chunk_bytes)
        if not data:
            raise self.refuse("truncated", "expected more, but the file ends here; copy it again")
        self._digest.update(data)
        if self._progress is not None:
            self._progress(len(data))
        self._start += self._offset
        self._bytes = self._bytes[self._offset :] + data
        self._array = np.frombuffer(self._bytes, np.uint8)
        self._ends, self._offset = None, 0

    def _check_remaining(self, num_bytes: int) -> None:
        if num_bytes > self.remaining:
            raise self.refuse(
                "truncated",
                f"expected {num_bytes} more bytes, but the file ends after {self.remaining}; it is damaged "
                "or cut short: copy it again",
            )
