"""The file that describes a run over a cohort, checked as a whole before anything runs."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preprocessing.run.case_kind import Case, CaseKind
from preprocessing.run.case_reader import CaseReader
from preprocessing.run.cell_problems import shown, unknown_names
from preprocessing.run.column import read_number, read_text, read_whole
from preprocessing.run.kinds import find_kind
from preprocessing.run.subject_table import Row, read_subject_table
from preprocessing.schedule import Trials
from taskgan_ext.errors import ConfigError

_SECTIONS = ("cohort", "defaults", "subjects", "table")
_SETTINGS: Mapping[str, Callable[[object], Any]] = {
    "kind": read_text,
    "out": read_text,
    "name": read_text,
    "seed": read_whole,
    "retries": read_whole,
    "timeout_minutes": read_number,
    "table": read_text,
}
_YEAR = 60 * 24 * 366
_SHOWN = 20
"""Problems that are told at once."""


@dataclass(frozen=True)
class CohortFile:
    """What a cohort file asks for.

    Attributes:
        kind: of all cases.
        out: folder to write.
        name: of the data set.
        seed: divides the subjects among the sections of the data list.
        trials: how often and how long a case is tried.
        cases: in the order of the table.
    """

    kind: CaseKind
    out: Path
    name: str
    seed: int
    trials: Trials
    cases: tuple[Case, ...]


def read_cohort_file(path: Path, find: Callable[[str], CaseKind] = find_kind) -> CohortFile:
    """Read and check a cohort file.

    Args:
        path: of the TOML file; paths in it are relative to its folder.
        find: gives the kind of a name.

    Raises:
        ConfigError: with all that is wrong, line by line.
        DependencyError: a package that the kind needs is not installed.
    """
    content = _parse(path)
    problems = unknown_names("section", content, _SECTIONS)
    settings = _read_settings(content.get("cohort"), problems)
    _refuse(path, problems)
    try:
        kind = find(settings["kind"])
    except ConfigError as error:
        raise ConfigError(f"{path}, [cohort] kind: {error}") from None
    reader = CaseReader(kind, path.parent, settings["seed"])
    reader.read_defaults(content.get("defaults", {}))
    cases = reader.read_cases(_rows(path, content, settings.get("table"), problems))
    _refuse(path, [*problems, *reader.problems])
    return CohortFile(
        kind=kind,
        out=path.parent / settings["out"],
        name=settings.get("name", kind.subjects.name),
        seed=settings["seed"],
        trials=Trials(settings["retries"], settings["time_limit"]),
        cases=cases,
    )


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(
            f"{path}: expected a cohort file, but it cannot be read ({error.strerror})"
        ) from None
    except RecursionError:
        raise ConfigError(f"{path}: expected TOML, but its values are nested too deeply") from None
    except ValueError as error:  # of TOML, of UTF-8, or a number with thousands of digits
        raise ConfigError(f"{path}: expected TOML, but it cannot be parsed ({error})") from None


def _read_settings(given: object, problems: list[str]) -> dict[str, Any]:
    if not isinstance(given, dict):
        problems.append("expected a section [cohort] with at least kind and out")
        return {}
    problems += unknown_names("[cohort]:", given, _SETTINGS)
    settings: dict[str, Any] = {"seed": 0, "retries": 1, "time_limit": None}
    for name in ("kind", "out"):
        if name not in given:
            problems.append(f"[cohort]: expected {name!r}, found none")
    for name, read in _SETTINGS.items():
        if name in given:
            try:
                settings[name] = read(given[name])
            except ValueError as error:
                problems.append(f"[cohort] {name}: {error}, got {shown(given[name])}")
    minutes = settings.get("timeout_minutes")
    if minutes is not None:
        settings["time_limit"] = 60 * minutes
        if not 0 < minutes <= _YEAR:
            problems.append(
                f"[cohort] timeout_minutes: expected more than 0, at most a year, got {minutes:g}"
            )
    return settings


def _rows(path: Path, content: Mapping[str, Any], table: str | None, problems: list[str]) -> list[Row]:
    given = content.get("subjects")
    table = content.get("table", table)
    if (given is None) == (table is None):
        problems.append(
            'expected the subjects either as [[subjects]] or in the file of table = "subjects.csv", got '
            + ("neither" if table is None else "both")
        )
        return []
    if table is not None:
        try:
            rows = read_subject_table(path.parent / read_text(table))
        except ValueError as error:  # ConfigError is one
            problems.append(str(error) if isinstance(error, ConfigError) else f"table: {error}")
            return []
    elif isinstance(given, list) and all(isinstance(row, dict) for row in given):
        rows = [Row(f"[[subjects]] number {number}", row) for number, row in enumerate(given, start=1)]
    else:
        problems.append("expected [[subjects]] as tables with one value per column")
        return []
    if not rows:
        problems.append("expected at least one subject, found none")
    return rows


def _refuse(path: Path, problems: Sequence[str]) -> None:
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        listing = "\n  ".join([*problems[:_SHOWN], *more])
        raise ConfigError(f"{path} cannot be run, and nothing was:\n  {listing}")
