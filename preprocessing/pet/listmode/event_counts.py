"""How many events of which kind."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EventCounts:
    """How many events there are.

    Attributes:
        prompts: prompt coincidences.
        delayeds: delayed coincidences.
    """

    prompts: int = 0
    delayeds: int = 0

    def __add__(self, other: "EventCounts") -> "EventCounts":
        return EventCounts(self.prompts + other.prompts, self.delayeds + other.delayeds)
