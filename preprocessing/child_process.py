"""A process for work that may crash, hang or run out of memory, without harm to whoever asked for it.

Not ``multiprocessing``: the workers of a Dask cluster are daemons, to which it allows no children.
"""

import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue
from subprocess import DEVNULL, Popen
from typing import Any

from taskgan_ext.errors import TaskGANError

_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
    ),
    "1",
)
"""Sums must not depend on how many threads share them, and the processes are as many as the cores."""
_START = (
    "import sys; from multiprocessing.connection import Connection; c = Connection(int(sys.argv[1])); "
    "sys.path[:] = c.recv(); from preprocessing.child_process import serve; serve(c)"
)
_LOOK = 0.2
"""Seconds between two looks at whether the process still lives."""


class LostChildError(RuntimeError):
    """The process ended before its work did, or was ended because it took too long.

    Args:
        code: ``died`` or ``time_limit``, for programs.
        reason: the same for people.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason

    def __str__(self) -> str:
        return self.reason


class ChildProcess:
    """One process that runs functions one after the other, on one thread; a new one takes a lost one's place.

    It starts with the first call, does not hear Ctrl-C, and ends with its parent, however that ends.
    """

    def __init__(self) -> None:
        self._process: Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._closing = threading.Lock()

    def call(
        self,
        function: Callable[..., Any],
        *arguments: Any,  # noqa: ANN401 - whatever the function takes
        time_limit: float | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the function gives
        """Run a function in the process and wait for it.

        Args:
            function: of a module, so that the process can import it.
            arguments: of the function; picklable.
            time_limit: seconds after which the process is ended; ``None`` for no limit.

        Returns:
            What the function returns.

        Raises:
            LostChildError: the process ended before the function did, or the limit was reached.
            Exception: what the function raised; one of programming carries its traceback as a note.
        """
        process, connection = self._started()
        end = None if time_limit is None else time.monotonic() + time_limit
        try:
            connection.send((function, arguments))
            while not connection.poll(_LOOK):
                if _has_ended(process) and not connection.poll():
                    raise EOFError  # the connection stays open while a process that it has started holds it
                if end is not None and time.monotonic() > end:
                    self.close()
                    raise LostChildError("time_limit", f"it took longer than the limit of {time_limit:g} s")
            succeeded, value = connection.recv()
        except (EOFError, OSError):
            self.close()
            raise LostChildError("died", _describe(process.returncode)) from None
        if not succeeded:
            raise value
        return value

    def close(self) -> None:
        """End the process and all that it has started, at once; another thread may do so to end a call."""
        with self._closing:
            process, self._process = self._process, None
            if process is not None:
                # Before wait: until then its number, which is that of the group as well, is nobody else's.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _started(self) -> "tuple[Popen[bytes], Connection[Any, Any]]":
        process, connection = self._process, self._connection
        if process is not None and connection is not None and not _has_ended(process):
            return process, connection
        self.close()
        connection, theirs = Pipe()
        process = Popen(  # noqa: S603 - this interpreter, with words of ours
            [sys.executable, "-c", _START, str(theirs.fileno())],
            stdin=DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # a group of its own, to which the terminal sends no Ctrl-C
            env=os.environ | _ONE_THREAD,
        )
        theirs.close()
        self._process, self._connection = process, connection
        connection.send(sys.path)
        return process, connection


def serve(connection: "Connection[Any, Any]") -> None:
    """Run what comes over the connection, until it closes: the life of the process.

    Args:
        connection: to the parent. It sends pairs of function and arguments, and gets pairs of whether that
            succeeded and the value or the error.
    """
    calls: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, calls), daemon=True).start()
    while True:
        try:
            function, arguments = pickle.loads(calls.get())  # noqa: S301 - from our own parent
            answer = (True, function(*arguments))
        except BaseException as error:  # noqa: BLE001 - all go to the parent, SystemExit as well
            answer = (False, _portable(error))
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            connection.send(answer)
        except Exception as error:  # noqa: BLE001 - a value that cannot be sent is told as one
            connection.send((False, _portable(error)))


def _listen(connection: "Connection[Any, Any]", calls: "SimpleQueue[bytes]") -> None:
    """Queue what comes; when the parent is gone, so is this process, in the middle of whatever it does."""
    try:
        while True:
            calls.put(connection.recv_bytes())
    except (EOFError, OSError):
        os.killpg(0, signal.SIGKILL)


def _portable(error: BaseException) -> Exception:
    """An error that arrives as what it was, if it can be sent; its traceback cannot, and becomes a note."""
    if not isinstance(error, TaskGANError):
        error.add_note(f"in a process of its own:\n{''.join(traceback.format_exception(error)).rstrip()}")
    try:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - what was just made
    except Exception:  # noqa: BLE001 - errors of others may be written in ways that cannot be copied
        copy = None
    if isinstance(copy, Exception):
        return copy
    result = RuntimeError(f"{type(error).__name__}: {error}")
    for note in getattr(error, "__notes__", []):
        result.add_note(note)
    return result


def _has_ended(process: "Popen[bytes]") -> bool:
    """Look without taking the status, so that the number of the process stays its own."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # another thread has taken it
        return True


def _describe(status: int | None) -> str:
    if status is None or status >= 0:
        return f"its process ended by itself with status {status}"
    name = signal.Signals(-status).name
    memory = "; memory may be short: run again with fewer workers" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{memory}"
