"""A table of subjects in a CSV or TSV file."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskgan_ext.errors import ConfigError


@dataclass(frozen=True)
class Row:
    """One row as the user wrote it.

    Attributes:
        where: file and line, for messages.
        cells: column to value; of a CSV file texts, without the empty ones.
    """

    where: str
    cells: dict[str, Any]


def read_subject_table(path: Path) -> list[Row]:
    """Read a table with a header: columns are separated by commas, or by semicolons or tabs.

    Args:
        path: the file, in UTF-8.

    Raises:
        ConfigError: it is missing, is not such a table, or a row has another number of cells.
    """
    try:
        # utf-8-sig: spreadsheet programs put a mark in front.
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_rows(list(file), path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        text = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"{path}: expected a CSV or TSV file in UTF-8, but it cannot be read ({text})"
        ) from None


def _rows(lines: list[str], path: Path) -> Iterator[Row]:
    first = lines[0] if lines else ""
    separator = next((one for one in "\t;" if one in first), ",")
    reader = csv.reader(lines, delimiter=separator, strict=True)
    header = [name.strip() for name in next(reader, [])]
    repeated = sorted({name for name in header if header.count(name) > 1 and name})
    if not header or not all(header) or repeated:
        found = f"{repeated[0]!r} twice" if repeated else "an empty one" if header else "none"
        raise ConfigError(f"{path}, line 1: expected the names of the columns, got {found}")
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path}, line {reader.line_num}"
        if len(cells) != len(header):
            raise ConfigError(f"{where}: expected {len(header)} cells as in the header, got {len(cells)}")
        named = zip(header, (cell.strip() for cell in cells), strict=True)
        yield Row(where, {name: cell for name, cell in named if cell})
