"""What a case is, and what a kind of case has to know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from preprocessing.run.column import Column
from preprocessing.subject_kind import SubjectKind


@dataclass(frozen=True)
class Case:
    """One subject to do.

    Attributes:
        subject: its name.
        request: what the kind of case made of the row.
        fingerprint: of all that the result depends on.
        inputs: column to file or folder.
    """

    subject: str
    request: Any
    fingerprint: str
    inputs: Mapping[str, Path] = field(default_factory=dict)


class CaseKind(Protocol):
    """One way to turn the row of a subject into files; it is sent to other processes.

    Attributes:
        name: as ``kind`` in the cohort file.
        columns: of the table, but for ``subject``. A column ``seed`` takes the seed of the cohort where a row
            has none.
        subjects: what is written, how its files are found, and what the data list says of them.
    """

    name: str
    columns: tuple[Column, ...]
    subjects: SubjectKind

    def make_request(self, subject: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of the kind
        """Check a row as far as that goes without long work, before any case begins.

        Args:
            subject: name of the subject.
            values: column to value, paths as ``Path``; those that have neither a cell nor a default are left
                out.

        Returns:
            What ``run`` needs; picklable.

        Raises:
            TaskGANError: the values do not fit together.
        """
        ...

    def companions(self, values: Mapping[str, Any]) -> Sequence[Path]:
        """Name the files that are read beside those of the columns, such as a header; some may be missing.

        Args:
            values: see ``make_request``.
        """
        ...

    def run(self, request: Any, folder: Path) -> Sequence[str]:  # noqa: ANN401 - of the kind
        """Do the case.

        Args:
            request: see ``make_request``.
            folder: stands for the folder of the cohort; empty. The files of the subject go to a folder of
                its name in there, and nothing else of ``folder`` is kept.

        Returns:
            What the user should know about the result, one text each.

        Raises:
            TaskGANError: it cannot be done; the message says why.
        """
        ...
