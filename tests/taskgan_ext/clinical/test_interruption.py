"""A signal ends a block that allows it, none other, and is not forgotten where a library hides it."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from taskgan_ext.clinical.interruption import Interruption

NUMBERS = [signal.SIGTERM, signal.SIGINT]


@pytest.fixture
def listening() -> Iterator[Interruption]:
    handlers = [signal.signal(number, signal.getsignal(number)) for number in NUMBERS]
    listener = Interruption()
    listener.listen()
    yield listener
    for number, handler in zip(NUMBERS, handlers, strict=True):
        signal.signal(number, handler)


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def steps_of(listener: Interruption, block: Callable[[list[str]], None]) -> list[str]:
    """What a block has done when its end is told."""
    steps: list[str] = []

    def run() -> None:
        with listener.allowed():
            block(steps)

    with pytest.raises(KeyboardInterrupt):
        run()
    return steps


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_ends_the_block_at_once(number: int, listening: Interruption) -> None:
    def block(steps: list[str]) -> None:
        send(number)
        steps.append("went on")

    assert steps_of(listening, block) == []


def test_one_that_a_library_hides_is_told_at_the_end_of_the_block(listening: Interruption) -> None:
    def block(steps: list[str]) -> None:
        with contextlib.suppress(BaseException):
            send(signal.SIGTERM)
        steps.append("went on")

    assert steps_of(listening, block) == ["went on"]


def test_one_that_a_library_turns_into_its_own_error_is_told(listening: Interruption) -> None:
    def block(_steps: list[str]) -> None:
        try:
            send(signal.SIGTERM)
        except KeyboardInterrupt as error:
            raise OSError from error

    assert steps_of(listening, block) == []


def test_one_outside_of_a_block_waits_for_the_next(listening: Interruption) -> None:
    send(signal.SIGTERM)
    assert steps_of(listening, lambda steps: steps.append("began")) == []


def test_a_second_one_does_not_break_off_the_clearing_up(listening: Interruption) -> None:
    def block(steps: list[str]) -> None:
        try:
            send(signal.SIGTERM)
        finally:
            send(signal.SIGINT)
            steps.append("cleared up")

    assert steps_of(listening, block) == ["cleared up"]


def test_one_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    term = signal.getsignal(signal.SIGTERM)
    try:
        Interruption().listen()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, term)
