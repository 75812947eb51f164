"""Files that are either whole or absent: write to a temporary name, then rename."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from taskgan_ext.errors import DataError

TEMPORARY = ".writing-"
"""Start of the names of files that are not finished; a killed process leaves them behind."""


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that becomes ``path`` when the block ends without an error.

    The temporary name keeps the suffixes of ``path``, because writers such as nibabel choose the format by
    them. Missing parent folders are made. After an error the temporary file is removed and ``path`` is as
    it was.

    Args:
        path: the file to write.

    Yields:
        The path to write to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix="".join(path.suffixes[-2:]), dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        with naming_file(path):
            yield temporary
        temporary.chmod(0o644)  # mkstemp makes private files; data are shared like any other file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def naming_file(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name the file in an error of the system that names none, such as that of a full disk.

    Args:
        path: the file that is written in the block.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise


def write_json(path: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    """Write ``content`` as readable JSON (two spaces, key order kept, final newline), whole or not at all.

    Args:
        path: the file to write.
        content: JSON-serialisable values; NaN and infinity are refused, since JSON has none.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: the file to read.

    Returns:
        The object.

    Raises:
        DataError: the file is missing, is not JSON, or holds something else than an object.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: expected a JSON file, found none") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected JSON, but it cannot be parsed ({error})") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected a JSON object, got a {type(content).__name__}")
    return content
