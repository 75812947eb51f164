"""Mark a run when its engine ends by an error or is told to end."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from ignite.engine import Engine

from taskgan_ext.tracking.tracked_run import TrackedRun

_SIGTERM_EXIT = 128 + signal.SIGTERM


def guard_engine(engine: Engine, run: TrackedRun) -> None:
    """Let every call of ``engine.run`` end the tracked run where it ends by an exception.

    A handler of ``EXCEPTION_RAISED`` would not do: the first one that raises the error again, as MONAI's
    ``StatsHandler`` does, hides it from the others, and an error before the first epoch fires none.

    Args:
        engine: a trainer or an evaluator.
        run: the run that it is tracked in.
    """
    inner = engine.run

    def guarded(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as the engine's own
        with marked_when_it_fails(run):
            return inner(*args, **kwargs)

    engine.run = guarded


@contextlib.contextmanager
def marked_when_it_fails(run: TrackedRun) -> Iterator[None]:
    """End a run as ``FAILED`` by an error, as ``KILLED`` by Ctrl-C, SIGTERM or ``sys.exit``.

    SIGTERM, which schedulers send before they kill, raises ``SystemExit`` within the block, unless the
    program has a handler of its own for it.

    Args:
        run: the run.
    """
    try:
        with _sigterm_raises():
            yield
    except Exception as error:
        run.end("FAILED", type(error).__name__)
        raise
    except BaseException:
        run.end("KILLED")
        raise


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # what Python calls with a signal
    sys.exit(_SIGTERM_EXIT)
