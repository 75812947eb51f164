"""Which events of a scan a low-dose copy holds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.thinning import Interval, event_uniforms, keep_mask

_BLOCK = 1 << 16


@dataclass(frozen=True)
class RandomPart:
    """Events whose number u lies in an interval: Bernoulli thinning, see ``preprocessing.pet.thinning``.

    Attributes:
        keep: the interval of u.
        key: 128-bit key of the random numbers.
    """

    keep: Interval
    key: int


@dataclass(frozen=True)
class TimeWindow:
    """Events of some consecutive minutes.

    Attributes:
        start_ms: time since the start of the scan from which on events are kept.
        stop_ms: time from which on they are not.
    """

    start_ms: int
    stop_ms: int


EventPart = RandomPart | TimeWindow


class EventChooser:
    """Chooses the events of a part, in the order of the file.

    Args:
        part: which events are wanted.
    """

    def __init__(self, part: EventPart) -> None:
        self._part = part
        self._next_event = 0
        self._ahead = np.empty(0, bool)

    def take(self, num_events: int, time_ms: int | NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Tell of the next events which to keep.

        Args:
            num_events: how many.
            time_ms: time of each of them, or one for all.

        Returns:
            ``(num_events,)``, whether to keep the event.
        """
        if isinstance(self._part, TimeWindow):
            inside = (self._part.start_ms <= np.asarray(time_ms)) & (np.asarray(time_ms) < self._part.stop_ms)
            return np.broadcast_to(inside, (num_events,))
        if num_events > self._ahead.size:
            # Numbers are drawn in blocks: many files have very short lists of events.
            first = self._next_event + self._ahead.size
            missing = num_events - self._ahead.size
            more = self._draw(first, max(missing, _BLOCK))
            self._ahead = np.concatenate([self._ahead, more])
        mask, self._ahead = self._ahead[:num_events], self._ahead[num_events:]
        self._next_event += num_events
        return mask

    def count(self, num_events: int, time_ms: int) -> int:
        """Count which of the next events are kept, and stay before them.

        Args:
            num_events: how many.
            time_ms: time of all of them.
        """
        if isinstance(self._part, TimeWindow):
            return num_events * (self._part.start_ms <= time_ms < self._part.stop_ms)
        blocks = range(0, num_events, 1 << 20)
        return sum(
            int(np.count_nonzero(self._draw(self._next_event + k, min(1 << 20, num_events - k))))
            for k in blocks
        )

    def _draw(self, first_event: int, num_events: int) -> NDArray[np.bool_]:
        if not isinstance(self._part, RandomPart):
            raise TypeError(f"expected a random part, got {self._part}")
        return keep_mask(event_uniforms(self._part.key, first_event, num_events), self._part.keep)
