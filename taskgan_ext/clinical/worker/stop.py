"""The wish to stop, as a signal brings it."""

import contextlib
import os
import select
import signal
import time
from types import FrameType


class Stop:
    """Is asked to stop by SIGTERM or SIGINT, and gives a moment to finish.

    Args:
        grace: seconds after the signal in which what is under way may come to its end.
    """

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self._since: float | None = None
        # A pipe, since a lock that the signal interrupts could not be taken by its handler.
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._waker, False)

    def listen(self) -> None:
        """Take the signals; only in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def ask(self) -> None:
        """Ask to stop."""
        if self._since is None:
            self._since = time.monotonic()
        with contextlib.suppress(BlockingIOError):
            os.write(self._waker, b"x")

    def is_asked(self) -> bool:
        """Whether to begin nothing new."""
        return self._since is not None

    def is_at_once(self) -> bool:
        """Whether the moment to finish is over."""
        return self._since is not None and time.monotonic() - self._since > self.grace

    def wait(self, seconds: float) -> None:
        """Wait, or less when asked to stop."""
        if not self.is_asked():
            select.select([self._wake], [], [], max(0.0, seconds))

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._wake)
        os.close(self._waker)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.ask()
