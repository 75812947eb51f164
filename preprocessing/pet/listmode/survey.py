"""What a pass over a list-mode file tells about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from preprocessing.pet.listmode.count_rate import CountRate
from preprocessing.pet.listmode.event_counts import EventCounts

Progress = Callable[[int], object]
"""Called with the number of bytes that were read since the last call."""
Verdict = Literal["ok", "warning", "failed"]
_LATE_MS = 1000
"""A scan whose times begin later was cut out of a longer one, or its clock began before it."""


@dataclass(frozen=True)
class Check:
    """One check of a file.

    Attributes:
        name: what was checked.
        verdict: ``ok``; ``warning``: worth knowing; ``failed``: do not trust the file.
        text: what was found.
    """

    name: str
    verdict: Verdict
    text: str


@dataclass(frozen=True)
class Survey:
    """Counts and checks of a whole file.

    Attributes:
        counts: coincidences.
        tags: everything else, name to number.
        duration_ms: from the first to the last time in the file.
        rate: coincidences over time.
        checks: what was checked.
        start_ms: first time in the file.
    """

    counts: EventCounts
    tags: Mapping[str, int]
    duration_ms: int
    rate: CountRate
    checks: tuple[Check, ...]
    start_ms: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Everything, JSON-serialisable."""
        return {
            "prompts": self.counts.prompts,
            "delayeds": self.counts.delayeds,
            "tags": dict(self.tags),
            "start_ms": self.start_ms,
            "duration_ms": self.duration_ms,
            "count_rate": self.rate.to_dict(),
            "checks": [vars(check) for check in self.checks],
        }


def check_that(name: str, holds: bool, text: str, otherwise: Verdict = "failed") -> Check:
    """Make the result of a check.

    Args:
        name: what was checked.
        holds: whether it is as it should be.
        text: what was found.
        otherwise: the verdict if it is not.
    """
    return Check(name, "ok" if holds else otherwise, text)


def late_start(start_ms: int) -> tuple[str, ...]:
    """Tell of a scan that does not begin near 0 in its own time; nothing of one that does.

    Args:
        start_ms: first time in the file.
    """
    if start_ms < _LATE_MS:
        return ()
    return (f"the times of the file begin at {start_ms / 1000:g} s; the scan counts from there",)
