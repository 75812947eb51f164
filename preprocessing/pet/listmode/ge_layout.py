"""Where the events lie in a GE RDF9 file, which is HDF5.

The HDF5 library can loop for ever or crash on a damaged file. It is therefore asked in a process of its own,
with limits of time and memory, and only for the places of the events; the events are read without it.
"""

import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from preprocessing.child_process import ChildProcess, LostChildError
from taskgan_ext.errors import RefusedListMode
from taskgan_ext.io.optional_package import load_optional

_HEADER = "HeaderData"
_VERSION = f"{_HEADER}/RDFConfiguration/fileVersion/majorVersion"
_COMPRESSED = f"{_HEADER}/ListHeader/isListCompressed"
_SCANNER = f"{_HEADER}/ExamData/scannerDesc"
_DURATION = f"{_HEADER}/AcqStats/frameDuration"
_EVENTS = "ListData/listData"
_RDF_VERSION = 9
_CPU_SECONDS, _WALL_SECONDS = 2, 60
"""Of the process; a file of any size is asked in some tenths of a second."""
_MEMORY_BYTES = 1 << 30


@dataclass(frozen=True)
class GeLayout:
    """What is needed of the header.

    Attributes:
        extents: first byte and number of bytes of each piece of the events, in order.
        duration_ms: length of the frame, None where the header does not tell.
    """

    extents: tuple[tuple[int, int], ...]
    duration_ms: int | None

    @property
    def num_bytes(self) -> int:
        """Length of the events."""
        return sum(size for _, size in self.extents)


def read_ge_layout(path: Path) -> GeLayout:
    """Ask a file where its events are.

    Args:
        path: the file.

    Raises:
        DependencyError: h5py is not installed.
        RefusedListMode: the file is compressed, of another scanner or version, or damaged.
    """
    child = ChildProcess()
    try:
        layout: GeLayout = child.call(_ask, path, time_limit=_WALL_SECONDS)
    except LostChildError:
        raise RefusedListMode(
            "parse_error", f"{path}: expected a GE RDF9 file, but its HDF5 cannot be read in bounded time"
        ) from None
    finally:
        child.close()
    size = path.stat().st_size
    if any(start < 0 or start + length > size for start, length in layout.extents):
        raise RefusedListMode("truncated", f"{path}: expected events up to byte {size}, and not beyond")
    if layout.num_bytes % 2:
        raise RefusedListMode("truncated", f"{path}: expected whole words of 16 bits")
    return layout


def _ask(path: Path) -> GeLayout:
    """Read what is needed; in a process of its own."""
    h5py = load_optional("h5py", "a GE RDF9 file", "taskgan-ext[pet]")
    spent = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    resource.setrlimit(resource.RLIMIT_CPU, (spent + _CPU_SECONDS, spent + _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    try:
        with h5py.File(path, "r") as file:
            _check_variant(path, file)
            duration = int(_number(path, file, _DURATION)) if _DURATION in file else None
            return GeLayout(_extents(path, file), duration)
    except RefusedListMode:
        raise
    except Exception:  # noqa: BLE001 - h5py tells of damage by errors of many kinds
        raise RefusedListMode(
            "parse_error", f"{path}: expected a GE RDF9 file, but its HDF5 cannot be read"
        ) from None


def _check_variant(path: Path, file: Any) -> None:  # noqa: ANN401 - h5py has no types
    version = _number(path, file, _VERSION)
    if version != _RDF_VERSION:
        raise RefusedListMode(
            "version_mismatch", f"{path}: expected GE RDF version {_RDF_VERSION}, found {version:g}"
        )
    if _number(path, file, _COMPRESSED) != 0:
        raise RefusedListMode(
            "compressed",
            f"{path}: expected list mode that is not compressed; uncompress it with GE's tools first",
        )
    scanner = file.get(_SCANNER)
    text = str(np.ravel(scanner[()])[0]) if scanner is not None and scanner.nbytes < 4096 else ""
    if "signa" not in text.lower():
        raise RefusedListMode(
            "unsupported", f"{path}: expected a file of a SIGNA PET/MR, found one of another scanner"
        )


def _extents(path: Path, file: Any) -> tuple[tuple[int, int], ...]:  # noqa: ANN401
    events = file.get(_EVENTS)
    if events is None or events.dtype != np.uint8 or events.ndim != 1:
        raise RefusedListMode("header_invalid", f"{path}: expected bytes in {_EVENTS}")
    size = events.shape[0]
    if events.external or events.is_virtual or events.id.get_create_plist().get_nfilters():
        raise RefusedListMode("unsupported", f"{path}: expected events as plain bytes of this file")
    if events.chunks is None:
        offset = events.id.get_offset()
        return ((offset, size),) if offset is not None and size else ()
    pieces: list[tuple[int, int]] = []
    events.id.chunk_iter(lambda chunk: pieces.append((chunk.chunk_offset[0], chunk.byte_offset)))
    length = events.chunks[0]
    if [start for start, _ in sorted(pieces)] != list(range(0, size, length)):
        raise RefusedListMode("parse_error", f"{path}: expected events without gaps")
    return tuple((place, min(length, size - start)) for start, place in sorted(pieces))


def _number(path: Path, file: Any, name: str) -> float:  # noqa: ANN401
    stored = file.get(name)
    if stored is None or not 1 <= int(np.prod(stored.shape)) <= 16:
        raise RefusedListMode("header_invalid", f"{path}: expected a number in {name}, found none")
    return float(np.ravel(stored[()])[0])
