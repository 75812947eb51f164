"""One command at a time in a folder."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK_FILE = ".lock"


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder before long work, so that one that cannot be made is told at once.

    Args:
        folder: to make, with its parents; afterwards gone again if it is new and still empty.

    Raises:
        OSError: it cannot be made, or nothing can be written into it.
    """
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(13, "nothing can be written into this folder", str(folder))
    try:
        yield
    finally:
        if new:
            with suppress(OSError):  # not empty, or somebody else's by now
                folder.rmdir()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep all other commands that ask for the lock of a folder waiting; the lock ends with the process.

    Args:
        folder: made if missing, and gone again afterwards if nothing was put into it.

    Raises:
        OSError: the folder cannot be made or written.
    """
    with made_folder(folder):
        handle = _acquire(folder)
        try:
            yield
        finally:
            (folder / LOCK_FILE).unlink(missing_ok=True)
            os.close(handle)


def _acquire(folder: Path) -> int:
    path, told = folder / LOCK_FILE, False
    while True:
        folder.mkdir(parents=True, exist_ok=True)  # whoever had the lock may have removed an empty folder
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                sys.stderr.write(f"{folder}: waiting for another command that writes there\n")
                told = True
            fcntl.flock(handle, fcntl.LOCK_EX)
        # Whoever had the lock has removed its file; a lock on a removed file keeps nobody waiting.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        os.close(handle)
