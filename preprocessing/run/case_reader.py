"""From the rows of a table to cases, with all problems of all rows."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from preprocessing.run.case_kind import Case, CaseKind
from preprocessing.run.cell_problems import shown, unknown_names
from preprocessing.run.column import Column, read_text
from preprocessing.run.fingerprint import fingerprint
from preprocessing.run.subject_table import Row
from taskgan_ext.errors import TaskGANError
from taskgan_ext.keys import SUBJECT

LOG_FOLDER = "logs"
"""Beside the folders of the subjects."""


class CaseReader:
    """Reads rows by the columns of a kind of case.

    Args:
        kind: of the cases.
        folder: to which paths are relative.
        seed: of the cohort, for a column ``seed``.

    Attributes:
        problems: what is wrong, a line each.
    """

    def __init__(self, kind: CaseKind, folder: Path, seed: int) -> None:
        self.problems: list[str] = []
        self._kind, self._folder = kind, folder
        self._columns = {column.name: column for column in kind.columns}
        self._defaults: dict[str, Any] = {"seed": seed} if "seed" in self._columns else {}

    def read_defaults(self, given: object) -> None:
        """Read the values of cells that a row leaves out.

        Args:
            given: column to cell.
        """
        if not isinstance(given, dict):
            self.problems.append("expected [defaults] as a section with columns and their values")
            return
        self._defaults |= self._read_cells(Row("[defaults]", given), self._columns)

    def read_cases(self, rows: Sequence[Row]) -> tuple[Case, ...]:
        """Read all rows.

        Args:
            rows: of the table.

        Returns:
            A case for each row that has no problem.
        """
        # A disk may not tell small letters from large ones; a person may not have two names.
        names: dict[object, str] = {}
        inputs: dict[object, str] = {}
        cases = []
        for row in rows:
            before = len(self.problems)
            values = self._defaults | self._read_cells(row, [SUBJECT, *self._columns])
            self._check_subject(row, names)
            self._check_required(row, values, inputs)
            if len(self.problems) == before:
                cases += self._make_case(row, values)
        return tuple(cases)

    def _read_cells(self, row: Row, known: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
        self.problems += unknown_names(f"{row.where}: column", row.cells, known)
        values = {}
        for name, cell in row.cells.items():
            if name in self._columns:
                try:
                    values[name] = self._read(self._columns[name], cell)
                except ValueError as error:
                    self.problems.append(f"{row.where}, column {name!r}: {error}, got {shown(cell)}")
        return values

    def _read(self, column: Column, cell: object) -> Any:  # noqa: ANN401 - of the column
        if not column.is_path:
            return column.read(cell)
        found = self._folder / read_text(cell)
        try:
            if found.exists():
                return found
        except OSError as error:  # a name that is too long, a folder that may not be read
            raise ValueError(f"expected a file or folder ({error.strerror})") from None
        raise ValueError(f"expected a file or folder that is there, seen from {self._folder.resolve()}")

    def _check_subject(self, row: Row, names: dict[object, str]) -> None:
        subject = row.cells.get(SUBJECT)
        if (
            not isinstance(subject, str)
            or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", subject)
            or subject.lower() == LOG_FOLDER
        ):
            self.problems.append(
                f"{row.where}, column {SUBJECT!r}: expected letters, digits and hyphens, such as sub-01"
            )
        elif names.setdefault(subject.lower(), row.where) != row.where:
            self.problems.append(
                f"{row.where}, column {SUBJECT!r}: expected a name of its own, got that of "
                f"{names[subject.lower()]}"
            )

    def _check_required(self, row: Row, values: Mapping[str, Any], inputs: dict[object, str]) -> None:
        for column in self._columns.values():
            if not column.required:
                continue
            if column.name not in values:
                if column.name not in row.cells:  # else its cell has been told
                    self.problems.append(f"{row.where}: expected a value for {column.name!r}, found none")
            elif column.is_path:
                key = (column.name, values[column.name].resolve())
                if inputs.setdefault(key, row.where) != row.where:
                    self.problems.append(
                        f"{row.where}, column {column.name!r}: expected an input of its own, got that of "
                        f"{inputs[key]}; one person under two names could end up in training and test"
                    )

    def _make_case(self, row: Row, values: Mapping[str, Any]) -> list[Case]:
        subject = row.cells[SUBJECT]
        try:
            request = self._kind.make_request(subject, values)
            beside = self._kind.companions(values)
            state = fingerprint(self._kind.name, subject, values, beside)
            inputs = {name: value for name, value in values.items() if isinstance(value, Path)}
            return [Case(subject, request, state, inputs)]
        except TaskGANError as error:
            self.problems.append(f"{row.where}: {error}")
        except OSError as error:
            self.problems.append(f"{row.where}: {error.filename}: {error.strerror}")
        return []
