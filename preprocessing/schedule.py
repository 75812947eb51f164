"""Spread cases over processes of this machine; what becomes of one touches no other."""

import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from preprocessing.child_process import ChildProcess
from taskgan_ext.errors import TaskGANError


@dataclass(frozen=True)
class Trials:
    """How often and how long a case is tried.

    Attributes:
        retries: further attempts after one that failed. What a ``TaskGANError`` says about the data or the
            settings is as true the next time, so such a case is not tried again.
        time_limit: seconds for one attempt; ``None`` for no limit.
    """

    retries: int = 0
    time_limit: float | None = None


ONCE = Trials()


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes:
        index: number of the case, from 0.
        value: what the function returned; ``None`` of a case that failed.
        error: of the last attempt; ``None`` of a case that succeeded.
        attempts: how often it was tried.
        seconds: what all attempts took together.
    """

    index: int
    value: Any
    error: Exception | None
    attempts: int
    seconds: float


def map_cases(
    function: Callable[..., Any],
    cases: Sequence[tuple[Any, ...]],
    workers: int = 1,
    trials: Trials = ONCE,
) -> Generator[Outcome, None, None]:
    """Call a function for every case, several at once, each in a process of its own.

    A process is used for one case after the other and replaced when it is lost. Whoever stops to ask for
    outcomes, by an error or Ctrl-C, ends all processes in the middle of what they do.

    Args:
        function: of a module, so that other processes can import it.
        cases: arguments of each call; picklable.
        workers: number of processes, each on one thread.
        trials: how often and how long a case is tried.

    Yields:
        One outcome per case, in the order in which they end.
    """
    outcomes = SimpleQueue[Outcome | BaseException]()
    todo: SimpleQueue[int] = SimpleQueue()
    for index in range(len(cases)):
        todo.put(index)
    stopping = threading.Event()
    children = [ChildProcess() for _ in range(min(workers, len(cases)))]

    def work(child: ChildProcess) -> None:
        try:
            while not stopping.is_set():
                index = todo.get_nowait()
                outcomes.put(try_case(child, index, function, cases[index], trials, stopping))
        except Empty:
            return
        except BaseException as error:  # noqa: BLE001 - a mistake of ours must not leave the caller waiting
            outcomes.put(error)

    threads = [threading.Thread(target=work, args=(child,), daemon=True) for child in children]
    try:
        for thread in threads:
            thread.start()
        for _ in cases:
            outcome = outcomes.get()
            if isinstance(outcome, BaseException):
                raise outcome
            yield outcome
    finally:
        stopping.set()
        _end(children, threads)


def _end(children: Sequence[ChildProcess], threads: Sequence[threading.Thread]) -> None:
    """End all processes; a thread may be starting one just now, so again until all threads have ended."""
    while any(thread.is_alive() for thread in threads):
        for child, thread in zip(children, threads, strict=True):
            child.close()
            if thread.is_alive():
                thread.join(0.05)
    for child in children:
        child.close()


def try_case(
    child: ChildProcess,
    index: int,
    function: Callable[..., Any],
    case: tuple[Any, ...],
    trials: Trials,
    stopping: threading.Event | None = None,
) -> Outcome:
    """Call a function in a process, again if that fails and there are attempts left.

    Args:
        child: the process.
        index: number of the case, from 0.
        function: see ``map_cases``.
        case: arguments of the call.
        trials: how often and how long it is tried.
        stopping: when set, nothing is tried again.
    """
    start, attempt = time.monotonic(), 0
    while True:
        attempt += 1
        value, error = None, None
        try:
            value = child.call(function, *case, time_limit=trials.time_limit)
        except Exception as caught:  # noqa: BLE001 - one failed case never stops the others
            error = caught
        again = error is not None and not isinstance(error, TaskGANError) and attempt <= trials.retries
        if not again or (stopping is not None and stopping.is_set()):
            return Outcome(index, value, error, attempt, time.monotonic() - start)
