"""What is written beside a series or study in Orthanc: which images are done, by whom, and how it ended."""

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Self

DONE_NAME, SUPERSEDED_NAME = "taskgan-done", "taskgan-superseded"
"""User metadata of Orthanc, named in its configuration."""


class State(StrEnum):
    """How far the work is."""

    FREE = "free"
    """Nothing is known, or a worker has given it back."""
    WORKING = "working"
    """A worker has it; others wait, and take it when the marker has not changed for a while."""
    STORED = "stored"
    """Everything derived is in Orthanc, and has yet to go to the destination."""
    FAILING = "failing"
    """An attempt failed; others follow."""
    DONE = "done"
    """Everything is where it belongs."""
    REFUSED = "refused"
    """The bundle does not apply, or the images cannot be read; the code says why."""
    WITHHELD = "withheld"
    """It was restored and not written, for the flags of the output gate."""
    FAILED = "failed"
    """So many attempts failed that none follows: a dead letter."""


FINAL = {State.DONE, State.REFUSED, State.WITHHELD, State.FAILED}
"""Nothing more is done until the images or the bundle change."""


@dataclass(frozen=True)
class Marker:
    """The state of the work on one unit.

    Attributes:
        state: how far it is.
        key: fingerprint of images and bundle that this is about.
        code: of a refusal or a failure.
        attempts: that failed.
        worker: the one that wrote this.
        beat: counts on while the worker is at it.
        derived: SeriesInstanceUID of what is made of these images, before the first of them is stored.
        old: SeriesInstanceUID of what was made of earlier images and is not yet marked as superseded.
    """

    state: State = State.FREE
    key: str = ""
    code: str = ""
    attempts: int = 0
    worker: str = ""
    beat: int = 0
    derived: tuple[str, ...] = ()
    old: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """As it is written; what has its default is left out."""
        default = asdict(Marker())
        content = {name: value for name, value in asdict(self).items() if value != default[name]}
        return json.dumps(content, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a marker; what cannot be read counts as none, and the work is done again.

        Args:
            content: as Orthanc has it; empty where it has none.
        """
        try:
            found = json.loads(content)
            known = {each.name for each in fields(cls)}
            values = {name: value for name, value in found.items() if name in known}
            for name in ("derived", "old"):
                values[name] = tuple(map(str, values.get(name, ())))
            values["state"] = State(values.get("state", State.FREE))
            values |= {name: int(values.get(name, 0)) for name in ("attempts", "beat")}
            return cls(**values)
        except (ValueError, TypeError, AttributeError):
            return cls()

    def says_done(self, key: str) -> bool:
        """Whether there is nothing to do about images and bundle of this key."""
        return self.key == key and self.state in FINAL
