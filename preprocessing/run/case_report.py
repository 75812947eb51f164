"""What became of the cases of a run: for ``run.json`` and for the terminal."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from preprocessing.child_process import LostChildError
from preprocessing.run.case_kind import Case
from preprocessing.run.input_columns import column_of
from preprocessing.schedule import Outcome
from taskgan_ext.errors import TaskGANError
from taskgan_ext.io.atomic import TEMPORARY

State = Literal["done", "skipped", "failed", "not run"]
_STAGING = re.compile(re.escape(TEMPORARY) + r"run-\w+/[^/]+/")
"""In messages: where the case was worked on, which nobody finds there later."""


@dataclass(frozen=True)
class CaseReport:
    """What became of a case.

    Attributes:
        subject: its name.
        state: ``done``; ``skipped``, since it was complete; ``failed``; or ``not run``, as the run was ended.
        attempts: how often it was tried.
        seconds: what that took.
        code: of the reason, in one word; empty where it did not fail.
        reason: why it failed; it may name files.
        column: whose file or folder the reason is about; empty where it is about none.
        notices: what the user should know about the result.
    """

    subject: str
    state: State
    attempts: int = 0
    seconds: float = 0.0
    code: str = ""
    reason: str = ""
    column: str = ""
    notices: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All fields but ``reason``, JSON-serialisable: folders are often named after patients.

        What the code means stands in ``docs/refusals.md``, the reason in the log of the subject.
        """
        fields = asdict(self) | {"seconds": round(self.seconds, 1), "notices": list(self.notices)}
        fields.pop("reason")
        return fields


def report_failure(case: Case, outcome: Outcome, log: str) -> CaseReport:
    """Say why a case failed; of an error that is none of a user, no more than its type and where to look.

    Args:
        case: that failed.
        outcome: with an error.
        log: file with details; empty where there is none.
    """
    error = outcome.error
    if isinstance(error, TaskGANError | LostChildError):
        reason = str(error)
    elif isinstance(error, OSError) and error.strerror:
        reason = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    else:
        reason = type(error).__name__
    if log and not isinstance(error, TaskGANError):
        reason += f"; details are in {log}"
    reason = _STAGING.sub("", " ".join(reason.split()))
    return CaseReport(
        subject=case.subject,
        state="failed",
        attempts=outcome.attempts,
        seconds=outcome.seconds,
        code=str(getattr(error, "code", type(error).__name__)),
        reason=reason,
        column=column_of(reason, case.inputs),
    )


def failure_table(reports: Sequence[CaseReport]) -> list[str]:
    """Lines of a table of the failed cases.

    Args:
        reports: of all cases.
    """
    failed = [report for report in reports if report.state == "failed"]
    cells = [("subject", "attempts", "code", "reason")]
    cells += [(report.subject, str(report.attempts), report.code, report.reason) for report in failed]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    return ["  ".join([*map(str.ljust, row[:3], widths), row[3]]) for row in cells] if failed else []
