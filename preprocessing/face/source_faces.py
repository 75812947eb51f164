"""Photographs of people as users have them: one folder per person."""

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from preprocessing.face.problems import Problems
from taskgan_ext.errors import DataError
from taskgan_ext.io.picture import PICTURE_ENDINGS

LFW_FOLDER = "lfw2"
"""The archive of LFW-a unpacks to it."""


@dataclass
class SourceFaces:
    """What a folder holds.

    Attributes:
        paths: identity to number to file; identities in Unicode form C, as lists of pairs may have them.
        notices: what was left out, one text each.
    """

    paths: dict[str, dict[int, Path]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def composed(name: str) -> str:
    """A name in Unicode form C: an accented letter is one character, however a file system stores it.

    Args:
        name: as a file or folder has it.
    """
    return unicodedata.normalize("NFC", name)


def source_root(folder: Path) -> Path:
    """The folder that holds one folder per person.

    Args:
        folder: it, or that which holds it as ``lfw2``.
    """
    return folder / LFW_FOLDER if (folder / LFW_FOLDER).is_dir() else folder


def find_faces(folder: Path) -> SourceFaces:
    """List the photographs of all people.

    Files that are called ``<folder>_%04d`` have that number, as in LFW; where no file of a person is, they
    are counted from one in the order of their names (9 before 10).

    Args:
        folder: holds one folder per person, or ``lfw2`` that does.

    Raises:
        DataError: there is no picture, or names are not possible, not unique or only partly numbered, or
            a link leads nowhere.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: expected a folder with one folder per person, found none")
    root = source_root(folder)
    problems, faces, others = Problems(str(root)), SourceFaces(), []
    spelled: dict[str, str] = {}
    for home in sorted(path for path in _listed(root, problems) if path.is_dir()):
        files = sorted(_listed(home, problems), key=_natural)
        pictures = [path for path in files if path.suffix.lower() in PICTURE_ENDINGS and path.is_file()]
        others += [path for path in files if path not in pictures]
        if not pictures:
            faces.notices.append(f"{home}: left out, it holds no picture ({', '.join(PICTURE_ENDINGS)})")
            continue
        identity = composed(home.name)
        first = spelled.setdefault(identity.casefold(), home.name)
        if first != home.name:
            problems.add(
                f"{home}: expected names that differ by more than case or accents' form, there is {first!r}"
            )
        elif not identity.isprintable():
            problems.add(f"{home}: expected a name without tabs and other control characters")
        else:
            faces.paths[identity] = _number(home, pictures, problems)
    if others:
        faces.notices.append(f"left out {len(others)} files that are no pictures, such as {others[0]}")
    problems.check()
    if not faces.paths:
        raise DataError(
            f"{root}: expected folders of people with pictures ({', '.join(PICTURE_ENDINGS)}), found none; "
            "give the folder that holds one folder per person"
        )
    return faces


def _listed(folder: Path, problems: Problems) -> list[Path]:
    """What a folder holds, without hidden files; a link to nothing stands for a picture that is missed."""
    paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    for path in sorted(path for path in paths if not path.exists()):
        problems.add(f"{path}: expected a file or folder, found a link to something that is missing")
    return [path for path in paths if path.exists()]


def _number(home: Path, pictures: list[Path], problems: Problems) -> dict[int, Path]:
    """Number to picture."""
    pattern = re.compile(re.escape(composed(home.name)) + r"_(\d{1,9})")
    matches = [pattern.fullmatch(composed(path.stem)) for path in pictures]
    if not any(matches):
        stems: dict[str, Path] = {}
        for path in pictures:
            if stems.setdefault(composed(path.stem), path) != path:
                problems.add(
                    f"{path}: expected one picture of this name, there is {stems[composed(path.stem)].name}"
                )
        return dict(enumerate(pictures, start=1))
    numbered: dict[int, Path] = {}
    for path, match in zip(pictures, matches, strict=True):
        if match is None or int(match[1]) == 0:
            problems.add(
                f"{path}: expected {home.name}_0001 or another number from 1, as other files here have"
            )
        elif int(match[1]) in numbered:
            problems.add(
                f"{path}: expected one picture of this number, there is {numbered[int(match[1])].name}"
            )
        else:
            numbered[int(match[1])] = path
    return numbered


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort key: numbers in a name by value."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]
