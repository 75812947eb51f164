"""Look at other processes, and wait for them."""

import time
from collections.abc import Callable
from pathlib import Path

WAIT_SECONDS = 180


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait, within bounds."""
    end = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def children_of(pid: int) -> list[int]:
    """Processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
