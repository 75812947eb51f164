"""What the worker has seen and not finished, and when to look again; all by its own clock."""

from dataclasses import dataclass, field


@dataclass
class _Seen:
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    due: float = 0.0
    held: float = 0.0


class Observations:
    """Remembers units that wait; those that are done are forgotten, so that memory stays small.

    Clocks of other machines are not asked: what counts is how long this worker has seen no change.
    """

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def unchanged(self, unit: str, what: str, token: str, now: float) -> float:
        """Tell for how long something has been seen as it is; a change ends what ``hold`` began.

        Args:
            unit: identifier.
            what: is observed, such as the images.
            token: its present state.
            now: seconds of a clock that never goes back.
        """
        tokens = self._seen.setdefault(unit, _Seen()).tokens
        if tokens.get(what, ("", 0.0))[0] != token:
            tokens[what] = (token, now)
            self._seen[unit].held = 0.0
        return now - tokens[what][1]

    def look_again(self, unit: str, moment: float) -> None:
        """Say when to look again at the latest.

        Args:
            unit: identifier.
            moment: of the clock.
        """
        self._seen.setdefault(unit, _Seen()).due = moment

    def hold(self, unit: str, moment: float) -> None:
        """Say before which moment nothing is to be tried, after an attempt that failed.

        Args:
            unit: identifier.
            moment: of the clock.
        """
        seen = self._seen.setdefault(unit, _Seen())
        seen.due = seen.held = moment

    def held_until(self, unit: str) -> float:
        """The moment before which nothing is to be tried."""
        return self._seen[unit].held if unit in self._seen else 0.0

    def due(self, now: float) -> list[str]:
        """Units that wait and may be looked at."""
        return [unit for unit, seen in self._seen.items() if seen.due <= now]

    def forget(self, unit: str) -> None:
        """Forget a unit that is done or gone."""
        self._seen.pop(unit, None)
