"""A signal ends the folder step in order, also where a library would hide it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

CLEARING_SECONDS = 10.0
"""After a signal, in which further ones change nothing: they would break off the clearing up."""


class Interruption:
    """What SIGTERM and Ctrl-C do.

    They raise ``KeyboardInterrupt`` within ``allowed`` only: a folder that is made, moved or taken away is
    so as a whole. One that comes elsewhere is told of at the next block. One that a library hides, as pydicom
    does in reading sequences and taking out elements, is told of at the end of the block.
    """

    def __init__(self) -> None:
        self._last = -CLEARING_SECONDS
        self._come = self._raises = False

    def listen(self) -> None:
        """Take the signals; only in the main thread."""
        signal.signal(signal.SIGTERM, self._on_signal)
        # A shell that runs a command in the background has it ignore SIGINT, and that stays.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._on_signal)

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Within this block a signal may end what is done.

        Raises:
            KeyboardInterrupt: a signal has come, before or within.
        """
        self._raises = True
        try:
            self._check()
            yield
        finally:
            self._raises = False
            self._check()

    def _check(self) -> None:
        if self._come:
            raise KeyboardInterrupt

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._come = True
        if self._raises and time.monotonic() - self._last >= CLEARING_SECONDS:
            self._last = time.monotonic()
            raise KeyboardInterrupt


interruption = Interruption()
"""Of this process, which has one set of signal handlers."""
