"""List-mode files: 32-bit words in ``<name>.l`` and a JSON header in ``<name>.l.json``."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from preprocessing.pet.event_words import AddressLayout, Words, is_event, is_prompt
from taskgan_ext.errors import DataError, RefusedListMode
from taskgan_ext.io.atomic import atomic_path, read_json, write_json

CHUNK_WORDS = 1 << 20
"""Words handled at a time by default: 4 MiB."""
FORMAT = "PETLINK 32-bit words, little-endian"
"""Written to the header, by which files of this program are recognised."""


@dataclass(frozen=True)
class ListModeHeader:
    """What a list-mode file holds.

    Attributes:
        scanner: name of the scanner.
        layout: meaning of the bin addresses.
        duration_ms: length of the acquisition.
        num_prompts: prompt events in the file.
        num_delayeds: delayed events in the file.
        num_words: all words, tags included.
        sha256: digest of the file.
        history: how the file came about, for example the dose fraction, seed and source of a thinned file.
    """

    scanner: str
    layout: AddressLayout
    duration_ms: int
    num_prompts: int = 0
    num_delayeds: int = 0
    num_words: int = 0
    sha256: str = ""
    history: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The content of the JSON header."""
        return {"format": FORMAT, **asdict(self)}


def header_path(path: Path) -> Path:
    """Return the JSON header that belongs to a list-mode file."""
    return path.with_name(path.name + ".json")


def write_listmode(path: Path, chunks: Iterable[Words], header: ListModeHeader) -> ListModeHeader:
    """Write words and header, counting the events on the way; each file is whole or absent.

    Args:
        path: the ``.l`` file.
        chunks: words in file order.
        header: scanner, layout, duration and history; counts and digest are filled in.

    Returns:
        The header as written.
    """
    digest = hashlib.sha256()
    num_prompts = num_events = num_words = 0
    with atomic_path(path) as temporary:
        with temporary.open("wb") as file:
            for words in chunks:
                data = words.astype("<u4", copy=False).tobytes()
                file.write(data)
                digest.update(data)
                events = words[is_event(words)]
                num_prompts += int(np.count_nonzero(is_prompt(events)))
                num_events += events.size
                num_words += words.size
        written = ListModeHeader(
            scanner=header.scanner,
            layout=header.layout,
            duration_ms=header.duration_ms,
            num_prompts=num_prompts,
            num_delayeds=num_events - num_prompts,
            num_words=num_words,
            sha256=digest.hexdigest(),
            history=header.history,
        )
        write_json(header_path(path), written.to_dict())
    return written


def read_header(path: Path) -> ListModeHeader:
    """Read the JSON header of a list-mode file and check the file's length against it.

    Args:
        path: the ``.l`` file.

    Returns:
        The header.

    Raises:
        DataError: header or file is missing.
        RefusedListMode: the header is of another kind, or the file is too short or too long.
    """
    content = read_json(header_path(path))
    if content.pop("format", None) != FORMAT:
        raise RefusedListMode(
            "header_invalid",
            f'{header_path(path)}: expected "format": "{FORMAT}"; not a header of this program',
        )
    try:
        layout = content.pop("layout")
        layout = AddressLayout(tuple(layout["names"]), tuple(layout["sizes"]))
        header = ListModeHeader(layout=layout, **content)
    except (KeyError, TypeError, ValueError) as error:
        raise RefusedListMode(
            "header_invalid", f"{header_path(path)}: incomplete or wrong list-mode header ({error})"
        ) from None
    num_bytes = _file_size(path)
    if num_bytes != 4 * header.num_words:
        raise RefusedListMode(
            "truncated",
            f"{path}: expected {4 * header.num_words} bytes ({header.num_words} words), but the file ends at "
            f"byte {num_bytes}; it is truncated or its header belongs to another file: copy both again",
        )
    return header


def read_words(path: Path, chunk_words: int = CHUNK_WORDS) -> Iterator[Words]:
    """Read the words of a list-mode file chunk by chunk; no header is needed.

    Args:
        path: a file of little-endian 32-bit words.
        chunk_words: words per chunk; the last one may be shorter.

    Yields:
        Words in file order.

    Raises:
        DataError: the file is missing.
        RefusedListMode: it does not end at a whole word.
    """
    num_bytes = _file_size(path)
    if num_bytes % 4:
        raise RefusedListMode(
            "truncated",
            f"{path}: expected 32-bit words, but the file ends at byte {num_bytes} inside word "
            f"{num_bytes // 4}; it is truncated: copy it again",
        )
    with path.open("rb") as file:
        while (words := np.fromfile(file, dtype="<u4", count=chunk_words)).size:
            yield words.astype(np.uint32, copy=False)


def _file_size(path: Path) -> int:
    if not path.is_file():
        raise DataError(f"{path}: expected a list-mode file, found none")
    return path.stat().st_size
