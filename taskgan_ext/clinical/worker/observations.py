"""What the worker has seen and not finished, and when to look again; all by its own clock."""

from dataclasses import dataclass, field


@dataclass
class _Seen:
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    due: float = 0.0


class Observations:
    """Remembers units that wait; those that are done are forgotten, so that memory stays small.

    Clocks of other machines are not asked: what counts is how long this worker has seen no change.
    """

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def unchanged(self, unit: str, what: str, token: str, now: float) -> float:
        """Tell for how long something has been seen as it is.

        Args:
            unit: identifier.
            what: is observed, such as the images.
            token: its present state.
            now: seconds of a clock that never goes back.
        """
        tokens = self._seen.setdefault(unit, _Seen()).tokens
        if tokens.get(what, ("", 0.0))[0] != token:
            tokens[what] = (token, now)
        return now - tokens[what][1]

    def look_again(self, unit: str, moment: float) -> None:
        """Say when to look again.

        Args:
            unit: identifier.
            moment: of the clock.
        """
        self._seen.setdefault(unit, _Seen()).due = moment

    def is_due(self, unit: str, now: float) -> bool:
        """Whether it may be looked at; so it may when it was never postponed."""
        return unit not in self._seen or self._seen[unit].due <= now

    def due(self, now: float) -> list[str]:
        """Units that wait and may be looked at."""
        return [unit for unit, seen in self._seen.items() if seen.due <= now]

    def forget(self, unit: str) -> None:
        """Forget a unit that is done or gone."""
        self._seen.pop(unit, None)
