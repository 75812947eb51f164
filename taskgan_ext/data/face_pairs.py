"""Pairs of faces for verification: the files of LFW's development view.

The first line gives the number N of pairs of each kind. N lines follow with two images of one person, then N
lines with images of two people, fields separated by tabs; images are counted from one:

    2
    Ann_Lee	1	4
    Bo_Berg	2	3
    Ann_Lee	2	Bo_Berg	1
    Ann_Lee	3	Cy_Cole	1

Huang, Ramesh, Berg and Learned-Miller, "Labeled Faces in the Wild", technical report 07-49, University of
Massachusetts, Amherst, 2007.
"""

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import atomic_path

logger = logging.getLogger(__name__)

MOST_NAMED_LINES = 10
"""A file of another kind is wrong in every line."""
_MOST_SHOWN = 100


class Pair(NamedTuple):
    """Two images that show one person or two.

    Attributes:
        first: name of the first image, ``<identity>_%04d``.
        second: name of the second image.
        same: whether both show one person.
    """

    first: str
    second: str
    same: bool


def face_name(identity: str, number: int) -> str:
    """Name an image as LFW does, ``Ann_Lee_0004``.

    Args:
        identity: name of the person.
        number: number of the image among those of the person, from one.

    Returns:
        The name, which is also that of the case.
    """
    return f"{identity}_{number:04d}"


def split_face_name(name: str) -> tuple[str, int]:
    """Undo ``face_name``.

    Args:
        name: of an image.

    Returns:
        Name of the person and number of the image.

    Raises:
        ValueError: it is not ``<identity>_%04d``.
    """
    identity, _, number = name.rpartition("_")
    if not identity or not number.isdecimal() or face_name(identity, int(number)) != name:
        raise ValueError(f"expected the name of an image as Ann_Lee_0004, got {name!r}")
    return identity, int(number)


def read_pairs(path: str | os.PathLike[str]) -> list[Pair]:
    """Read a list of pairs.

    Args:
        path: the file.

    Returns:
        The pairs of one person, then those of two, in the order of the file.

    Raises:
        DataError: see ``read_pair_lines``.
    """
    return sorted(read_pair_lines(path).values(), key=lambda pair: not pair.same)


def read_pair_lines(path: str | os.PathLike[str]) -> dict[int, Pair]:
    """Read a list of pairs with the number of the line of each, for messages about a pair.

    Copies in circulation lack the first line or the end of the last one; these are read with a warning.

    Args:
        path: the file.

    Returns:
        Line, from one, to its pair.

    Raises:
        DataError: the file is missing, a line is malformed, a pair is there twice, or there are not as many
            lines as the first says.
    """
    path = Path(path)
    lines = _read_lines(path)
    counted = re.fullmatch(r"\d{1,9}\s*", lines[0]) is not None
    if not counted:
        logger.warning("%s: expected the number of pairs in line 1, found none; reading all lines", path)
    body = dict(enumerate(lines, start=1))
    count = int(body.pop(1)) if counted else None
    problems: dict[int, str] = {}
    pairs: dict[int, Pair] = {}
    first_lines: dict[frozenset[str], int] = {}
    for number, line in body.items():
        fields = line.split("\t")
        wanted = None if count is None else (3 if number <= 1 + count else 4)
        pair = _parse(fields, wanted)
        if not isinstance(pair, Pair):
            problems[number] = f"expected {pair}, got {shown(line)}"
            continue
        pairs[number] = pair
        first = first_lines.setdefault(frozenset((pair.first, pair.second)), number)
        if first != number:
            problems[number] = f"expected another pair than in line {first}, got {shown(line)}"
    # The count first: with a wrong one every line after the first kind would look wrong.
    if count is not None and len(body) != 2 * count:
        raise DataError(
            f"{path}: expected {count} pairs of one person and {count} of two, as line 1 says, "
            f"found {len(body)} lines after it; is the file cut off? Fetch or make it again"
        )
    _raise_problems(path, problems)
    if not pairs:
        raise DataError(f"{path}: expected pairs, found none; make the list again")
    return pairs


def write_pairs(path: str | os.PathLike[str], pairs: Sequence[Pair]) -> None:
    """Write a list of pairs, whole or not at all.

    Args:
        path: the file to write.
        pairs: as many pairs of one person as of two; each kind keeps its order.

    Raises:
        ValueError: the numbers differ, or a name is not ``<identity>_%04d``.
    """
    same = [pair for pair in pairs if pair.same]
    different = [pair for pair in pairs if not pair.same]
    if len(same) != len(different):
        raise ValueError(
            f"expected as many pairs of one person as of two, got {len(same)} and {len(different)}"
        )
    lines = [str(len(same))]
    for pair in [*same, *different]:
        (identity, number), (other, other_number) = split_face_name(pair.first), split_face_name(pair.second)
        fields = [identity, number, other_number] if pair.same else [identity, number, other, other_number]
        lines.append("\t".join(map(str, fields)))
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def shown(line: str) -> str:
    """A line in quotes for a message, cut off where it is long.

    Args:
        line: of a file.
    """
    return repr(line) if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]!r} and more"


def _read_lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")  # makes one kind of line end of all
    except FileNotFoundError:
        raise DataError(
            f"{path}: expected a list of pairs, found no file; a section of too few people or images "
            "has none: add people, make a list of your own, or set pairs to null where they are optional"
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: expected a list of pairs in UTF-8, but it cannot be read ({error})"
        ) from None
    if not text.strip():
        raise DataError(f"{path}: expected a list of pairs, found an empty file")
    if not text.endswith("\n"):
        logger.warning("%s: expected a newline at the end; is the file cut off?", path)
    return text.rstrip("\n").split("\n")


def _parse(fields: Sequence[str], wanted: int | None) -> Pair | str:
    """The pair of a line, or what was expected of it."""
    numbers = {3: (1, 2), 4: (1, 3)}.get(len(fields))
    well_formed = (
        numbers is not None
        and wanted in (None, len(fields))
        and all(field.strip() for field in fields)
        and all(re.fullmatch(r"0{0,8}[1-9]\d{0,8}", fields[place]) for place in numbers)
    )
    if not well_formed:
        return {
            3: "name, number, number of a pair of one person, separated by tabs",
            4: "name, number, name, number of a pair of two people, separated by tabs",
            None: "name, number, [name,] number, separated by tabs",
        }[wanted]
    same = len(fields) == 3
    first = face_name(fields[0], int(fields[1]))
    second = face_name(fields[0] if same else fields[2], int(fields[-1]))
    if same and first == second:
        return "two images of the person"
    if not same and fields[0] == fields[2]:
        return "two people"
    return Pair(first, second, same)


def _raise_problems(path: Path, problems: dict[int, str]) -> None:
    if not problems:
        return
    named = [f"line {number}: {problem}" for number, problem in problems.items()][:MOST_NAMED_LINES]
    more = len(problems) - len(named)
    raise DataError(f"{path}: " + "; ".join(named) + (f"; and {more} lines more" if more else ""))
