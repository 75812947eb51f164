"""A private folder for one worker; what dead workers left is removed."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from taskgan_ext.errors import ConfigError

if sys.platform != "win32":
    import fcntl

PREFIX, LOCK = "taskgan-worker-", "in-use"
GATE = ".taskgan-worker-gate-"
"""Held while a folder is made or removed, so that none is taken for left before it is locked. Each user has
one: in a folder such as /tmp nobody can open that of another."""


@contextlib.contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """Make a folder that only this user can read, and remove it at the end.

    A lock tells whether its worker lives; the system gives it back however the worker ends.

    Args:
        parent: made where it is missing.

    Yields:
        The folder.

    Raises:
        ConfigError: this system has no such locks.
        OSError: the folder cannot be written.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with _locked(parent / f"{GATE}{os.getuid() if hasattr(os, 'getuid') else 0}"):
        remove_left_folders(parent)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        held = contextlib.ExitStack()
        held.enter_context(_locked(folder / LOCK))
    with held:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def remove_left_folders(parent: Path) -> int:
    """Remove the folders of workers that are dead.

    Args:
        parent: of the folders.

    Returns:
        How many there were.
    """
    removed = 0
    for folder in sorted(parent.glob(f"{PREFIX}*")):
        if folder.is_symlink() or _is_used(folder):
            continue
        shutil.rmtree(folder, ignore_errors=True)
        removed += 1
    return removed


def _is_used(folder: Path) -> bool:
    if not (folder / LOCK).exists():
        return False
    try:
        with _locked(folder / LOCK, wait=False):
            return False
    except OSError:  # held, or of another user
        return True


@contextlib.contextmanager
def _locked(path: Path, wait: bool = True) -> Iterator[None]:
    if sys.platform == "win32":
        raise ConfigError("worker: expected Linux, macOS or another POSIX system, got Windows")
    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(file)
