"""The times of an acquisition that a user states because its files do not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.mr.sequence import LONGEST_REPETITION, MDMESequence

_NOMINAL = MDMESequence()


@dataclass(frozen=True)
class GivenTimes:
    """Times in seconds; they take precedence over those of the files.

    Attributes:
        delays: one per dynamic, in the order of the files or in its reverse.
        echo_times: one per echo, ascending.
        repetition_time: TR.

    Raises:
        ConfigError: a time is not positive or cannot be in seconds, or two are equal.
    """

    delays: tuple[float, ...] | None = None
    echo_times: tuple[float, ...] | None = None
    repetition_time: float | None = None

    def __post_init__(self) -> None:
        single = None if self.repetition_time is None else (self.repetition_time,)
        for name, times in (
            ("delays", self.delays),
            ("echo times", self.echo_times),
            ("repetition time", single),
        ):
            if times is not None and (
                not all(0 < time < LONGEST_REPETITION for time in times)
                or len(set(times)) < max(len(times), 1)
            ):
                raise ConfigError(
                    f"{name}: expected different times in seconds between 0 and {LONGEST_REPETITION:g}, got "
                    f"{list(times)}; write milliseconds as a fraction, such as 0.146"
                )

    def echoes(self, found: Sequence[float] | None, count: int, source: str) -> tuple[float, ...]:
        """Give the echo times.

        Args:
            found: those of the files, ascending; ``None`` where they tell none.
            count: echoes of the files.
            source: the files, for messages.

        Raises:
            DataError: there are none, or a wrong number of them is given.
        """
        times = found if self.echo_times is None else sorted(self.echo_times)
        if times is None:
            raise DataError(f"{source}: found no echo times; name an EchoTime in each JSON, or give --te")
        if len(times) != count:
            raise DataError(f"{source}: expected {count} echo times, one per echo, got {list(times)}")
        return tuple(times)

    def repetition(self, found: float | None, source: str) -> float:
        """Give the repetition time.

        Args:
            found: that of the files, ``None`` where they tell none.
            source: the files, for the message.

        Raises:
            DataError: there is none.
        """
        time = found if self.repetition_time is None else self.repetition_time
        if time is None:
            raise DataError(f"{source}: found no RepetitionTime; give it with --tr")
        return time


def sequence_of(
    repetition_time: float,
    echo_times: Sequence[float],
    delays: Sequence[float],
    source: str,
    like: MDMESequence = _NOMINAL,
) -> MDMESequence:
    """Build the sequence of an acquisition that was read.

    Args:
        repetition_time: TR in s.
        echo_times: TE in s, ascending.
        delays: TD in s, ascending.
        source: the files, for the message.
        like: gives the angles.

    Raises:
        DataError: the times are impossible.
    """
    try:
        return replace(
            like, repetition_time=repetition_time, echo_times=tuple(echo_times), delays=tuple(delays)
        )
    except ConfigError as error:
        raise DataError(f"{source}: {error}; correct them with --td, --te and --tr") from None
