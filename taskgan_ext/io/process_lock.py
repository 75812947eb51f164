"""One process at a time: a lock that ends with the process that holds it."""

import atexit
import errno
import logging
import os
import platform
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl

logger = logging.getLogger(__name__)

_HELD: dict[Path, int] = {}
_BUSY = frozenset({errno.EACCES, errno.EAGAIN})
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL})


class ProcessLock:
    """Keep other processes, on other computers too, from what a file stands for.

    The system gives the lock back however the process ends. Its children do not inherit it, and all locks of
    one path within a process are one. Where the system or the file system has no locks, as on Windows, every
    process gets it.

    Args:
        path: of the lock; the file is there while it is held, and may stay behind a process that was killed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()

    def acquire(self) -> str:
        """Take the lock, without waiting.

        Returns:
            Who has it: empty for this process, else the number and the computer of the other one.

        Raises:
            OSError: the folder cannot be made or written.
        """
        if self.path in _HELD or sys.platform == "win32":
            return ""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            holder = _lock(handle)
            if holder:
                os.close(handle)
                return holder
            # Whoever had the lock may have removed the file just now; a lock on that keeps nobody away.
            if self.path.exists() and os.path.samestat(os.fstat(handle), self.path.stat()):
                break
            os.close(handle)
        os.truncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {platform.node()}".encode())
        _HELD[self.path] = handle
        return ""

    def release(self) -> None:
        """Give the lock back; nothing happens where this process does not have it."""
        handle = _HELD.pop(self.path, None)
        if handle is not None:
            self.path.unlink(missing_ok=True)
            os.close(handle)


def _lock(handle: int) -> str:
    if sys.platform == "win32":
        return ""
    try:
        # Not flock: the processes that load data are forked, would inherit it and may live a little longer.
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return os.read(handle, 200).decode(errors="replace") or "another process"
        if error.errno not in _NO_LOCKS:
            raise
        logger.warning("this file system has no locks; nothing keeps a second run out of the same folder")
    return ""


@atexit.register
def _release_all() -> None:
    for path in list(_HELD):
        ProcessLock(path).release()
