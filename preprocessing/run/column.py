"""Columns of a table of subjects: what a cell may hold, and what it becomes.

A cell of a TOML file has a type, one of a CSV file is text; both are read alike.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def read_text(value: object) -> str:
    """Read a text on one line.

    Args:
        value: of the cell.

    Raises:
        ValueError: with what was expected.
    """
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("expected a text on one line")
    return value.strip()


def read_number(value: object) -> float:
    """Read a finite number.

    Args:
        value: of the cell.

    Raises:
        ValueError: with what was expected.
    """
    try:
        number = (
            float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
        )
    except (ValueError, OverflowError):
        number = None
    if number is None or not math.isfinite(number):
        raise ValueError("expected a number")
    return number


def read_whole(value: object) -> int:
    """Read a whole number of 0 or more, below 2^63.

    Args:
        value: of the cell.

    Raises:
        ValueError: with what was expected.
    """
    expected = ValueError("expected a whole number of 0 or more")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise expected
    try:
        number = int(value)
    except ValueError:
        raise expected from None
    if not 0 <= number < 2**63:
        raise expected
    return number


def read_numbers(value: object) -> tuple[float, ...]:
    """Read several finite numbers: a TOML array, or a text with commas or spaces between them.

    Args:
        value: of the cell.

    Raises:
        ValueError: with what was expected.
    """
    parts = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts:
        raise ValueError("expected numbers such as 0.1, 0.5")
    return tuple(read_number(part) for part in parts)


def read_flag(value: object) -> bool:
    """Read true or false.

    Args:
        value: of the cell.

    Raises:
        ValueError: with what was expected.
    """
    known = {"true": True, "false": False}
    flag = known.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(flag, bool):
        raise ValueError("expected true or false")
    return flag


@dataclass(frozen=True)
class Column:
    """One column of the table of subjects.

    Attributes:
        name: in the header or as the key.
        read: from the value of the cell to what the kind of case uses; a ``ValueError`` says what was
            expected. Not used for paths.
        required: whether every subject needs it.
        is_path: whether it names a file or folder that has to be there; relative to the cohort file.
    """

    name: str
    read: Callable[[object], Any] = read_text
    required: bool = False
    is_path: bool = False
