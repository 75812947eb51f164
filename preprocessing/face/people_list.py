"""Lists of people as LFW has them: a count line, then ``name<TAB>number of images``."""

import logging
import re
from pathlib import Path
from typing import NamedTuple

from preprocessing.face.problems import Problems
from taskgan_ext.data.face_pairs import shown
from taskgan_ext.errors import DataError

logger = logging.getLogger(__name__)


class Person(NamedTuple):
    """One line.

    Attributes:
        name: of the person.
        images: number of images.
    """

    name: str
    images: int


def read_people(path: Path) -> dict[int, Person]:
    """Read a list of people.

    Copies in circulation lack the first line or the end of the last one; these are read with a warning.

    Args:
        path: the file.

    Returns:
        Line, from one, to its person.

    Raises:
        DataError: the file is missing, a line is malformed, nobody is listed, or there are not as many lines
            as the first says.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path}: expected a list of people, found no file") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: expected a list of people in UTF-8, it cannot be read ({error})") from None
    if not text.strip():
        raise DataError(f"{path}: expected a list of people, found an empty file")
    if not text.endswith("\n"):
        logger.warning("%s: expected a newline at the end; is the file cut off?", path)
    lines = dict(enumerate(text.rstrip("\n").split("\n"), start=1))
    if re.fullmatch(r"\d{1,9}\s*", lines[1]):
        count = int(lines.pop(1))
        if count != len(lines):
            raise DataError(
                f"{path}: expected {count} people, as line 1 says, found {len(lines)} lines after it; is the "
                "file cut off? Fetch it again"
            )
    else:
        logger.warning("%s: expected the number of people in line 1, found none; reading all lines", path)
    if not lines:
        raise DataError(f"{path}: expected people, found none; leave the list away, or name somebody in it")
    return _parse(path, lines)


def _parse(path: Path, lines: dict[int, str]) -> dict[int, Person]:
    problems, people = Problems(str(path)), {}
    for number, line in lines.items():
        match = re.fullmatch(r"([^\t]*\S)\t0{0,8}([1-9]\d{0,8})", line)
        if match:
            people[number] = Person(match[1], int(match[2]))
        else:
            problems.add(f"line {number}: expected a name, a tab and the number of images, got {shown(line)}")
    problems.check()
    return people
