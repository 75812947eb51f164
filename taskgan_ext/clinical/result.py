"""What became of the series of a study."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

RESULT_FILE = "result.json"
"""Beside the derived series in the output folder."""


class Outcome(StrEnum):
    """What became of one series."""

    RESTORED = "restored"
    """A derived series was written, and the output gate has nothing to say."""
    FLAGGED = "flagged"
    """A derived series was written, with the flags of the output gate in its header."""
    WITHHELD = "withheld"
    """It was restored and not written, for the flags of the output gate."""
    REFUSED = "refused"
    """It was not restored; the code says why."""


@dataclass(frozen=True)
class SeriesResult:
    """What became of one series; it holds nothing about the patient.

    Attributes:
        series: ``hashed_uid`` of SeriesInstanceUID.
        outcome: what became of it.
        label: of what was made, such as ``denoised`` or the contrast; empty for a refusal.
        code: of a refusal, of ``taskgan_ext.errors``; else empty.
        reason: one sentence without names, UIDs and paths; empty where there is nothing to say.
        flags: codes of the output gate.
        measures: numbers of the output gate by name.
        files: names of the written files within the output folder.
        seconds: wall time.
    """

    series: str
    outcome: Outcome
    label: str = ""
    code: str = ""
    reason: str = ""
    flags: Sequence[str] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    files: Sequence[str] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class StudyResult:
    """What became of all series of a folder.

    Attributes:
        bundle: name of the bundle.
        version: of the bundle.
        weights_sha256: of its weights.
        series: what became of each series, in the order of their hashed UIDs; an MDME scan has one entry for
            each contrast.
    """

    bundle: str
    version: str
    weights_sha256: str
    series: Sequence[SeriesResult]

    @property
    def written(self) -> bool:
        """Whether any derived series was written."""
        return any(each.outcome in {Outcome.RESTORED, Outcome.FLAGGED} for each in self.series)

    def to_dict(self) -> dict[str, Any]:
        """Content of ``result.json``, with the notice that every reader of images gets."""
        return {"notice": "research use only, not for diagnosis", **asdict(self)}
