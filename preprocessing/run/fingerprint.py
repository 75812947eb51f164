"""When a case has to be done again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import taskgan_ext


def fingerprint(kind: str, subject: str, values: Mapping[str, Any], beside: Sequence[Path] = ()) -> str:
    """Fingerprint all that the result of a case depends on, and what tells nothing about the person.

    Of an input file that is its name, size and time of change, of a folder those of all its files: list-mode
    files are too large to be read for this each time. Where they lie does not count, so data may move to
    another disk, as long as their times of change are kept.

    Args:
        kind: of the case.
        subject: its name.
        values: column to value, with defaults; paths as ``Path``.
        beside: files that are read with those of the columns; some may be missing.

    Returns:
        SHA-256 as 64 hexadecimal digits.

    Raises:
        OSError: an input cannot be looked at.
    """
    content = {
        "version": taskgan_ext.__version__,
        "kind": kind,
        "subject": subject,
        "values": {
            name: _state(value) if isinstance(value, Path) else value for name, value in values.items()
        },
        "beside": [[path.name, *_state(path)] for path in beside],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _state(path: Path) -> list[tuple[str, int, int]]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    root = path if path.is_dir() else path.parent
    states = ((file, file.stat()) for file in files if file.is_file())
    return [(str(file.relative_to(root)), state.st_size, state.st_mtime_ns) for file, state in states]
