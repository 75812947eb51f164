"""Show an error that a user can mend as one message, not as a traceback."""

import logging
import sys
from collections.abc import Callable
from types import TracebackType

from taskgan_ext.bundle.explain import causes, explain, summarise
from taskgan_ext.errors import TaskGANError

logger = logging.getLogger(__name__)

STOPPED = "stopped by Ctrl-C; a training goes on at its last checkpoint when the same command is given again"

ExceptHook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def find_user_error(error: BaseException | None) -> TaskGANError | None:
    """Look for an error of this package among the causes of another one.

    MONAI's configuration parser wraps what a component raises in errors of its own.

    Args:
        error: what reached the top.

    Returns:
        The innermost ``TaskGANError`` of its causes, or ``None``.
    """
    found = [each for each in causes(error) if isinstance(each, TaskGANError)]
    return found[-1] if found else None


def show_readable_errors() -> None:
    """From now on print an error that ends the process as one line on stderr, if a user can mend it.

    Such are every ``TaskGANError`` and what MONAI says of a faulty configuration. The exit code stays 1,
    other errors keep their traceback, and the full traceback of a readable one is logged at level DEBUG. A
    second call changes nothing.
    """
    if isinstance(sys.excepthook, ReadableErrors):
        return
    sys.excepthook = ReadableErrors(sys.excepthook)


class ReadableErrors:
    """What Python calls with an error that nobody caught.

    Args:
        previous: called with the errors that need their traceback.
    """

    def __init__(self, previous: ExceptHook) -> None:
        self.previous = previous

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Print the error.

        Args:
            kind: its class.
            error: the error.
            trace: where it was raised.
        """
        readable = (
            STOPPED if isinstance(error, KeyboardInterrupt) else find_user_error(error) or explain(error)
        )
        if readable is not None:
            logger.debug("full traceback", exc_info=(kind, error, trace))
        else:
            self.previous(kind, error, trace)
            readable = summarise(error)
        if readable is not None:
            sys.stderr.write(f"error: {readable}\n")
