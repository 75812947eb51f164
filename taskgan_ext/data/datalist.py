"""The data list: the only thing that preprocessing and training share.

``datalist.json`` holds ``{"name", "description", "modality", "property": {"name", "type", "classes"},
"training": [...], "validation": [...], "test": [...]}``. An item is ``{"image", "label", "property",
"subject", ...}`` with paths relative to the file; a list of paths holds one channel each.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.digest import short_digest
from taskgan_ext.keys import IMAGE, LABEL, MAPS, MASK, PROPERTY, REGIONS, SECTIONS, SUBJECT

REQUIRED = (IMAGE, LABEL, PROPERTY, SUBJECT)
PATHS = (IMAGE, LABEL, REGIONS, MASK, MAPS)


def load_datalist(
    path: str | os.PathLike[str], sections: str | Sequence[str], make_with: str = ""
) -> list[dict[str, Any]]:
    """Read sections of a data list, with paths made absolute.

    Args:
        path: ``datalist.json``, or the folder that holds it.
        sections: ``training``, ``validation`` or ``test``, or several of them.
        make_with: the command that makes such a data list; it ends the message when there is none.

    Returns:
        The items, in the order of the file.

    Raises:
        DataError: the file is missing, an item lacks a key or a file, a subject is in two sections, or a
            section is empty.
    """
    path = _file_of(Path(path))
    if not path.is_file():
        raise DataError(f"no data list at {path}" + (f"; make one with: {make_with}" if make_with else ""))
    content = read_json(path)
    check_datalist(content, path)
    names = [sections] if isinstance(sections, str) else list(sections)
    items = [_absolute(item, path.parent) for name in names for item in content[name]]
    if not items:
        raise DataError(f"data list {path}: expected at least one case in {', '.join(names)}, found none")
    for item in items:
        for key in PATHS:
            for file in _paths(item.get(key, [])):
                if not Path(file).is_file():
                    raise DataError(
                        f"data list {path}: {item[SUBJECT]} names {file} as {key}, which does not exist"
                    )
    return items


def check_datalist(content: dict[str, Any], path: Path) -> None:
    """Check that every section and key is there and that no subject is in two sections.

    Args:
        content: the parsed data list.
        path: its file, for the message.

    Raises:
        DataError: with the section, the item and what is missing or shared.
    """
    home: dict[str, str] = {}
    for section in SECTIONS:
        if not isinstance(content.get(section), list):
            raise DataError(f"data list {path}: expected a list '{section}', found none")
        for number, item in enumerate(content[section]):
            missing = [key for key in REQUIRED if key not in item]
            if missing:
                raise DataError(
                    f"data list {path}: {section}[{number}] has no {', '.join(map(repr, missing))}"
                )
            first = home.setdefault(item[SUBJECT], section)
            if first != section:
                raise DataError(
                    f"data list {path}: subject {item[SUBJECT]} is in {first} and in {section}; "
                    "results on it would not be held out. Split by subject"
                )


def images_root(path: str | os.PathLike[str]) -> str:
    """Give the folder below which restored images keep the layout of the images of ``list_images``.

    Args:
        path: as for ``list_images``.

    Returns:
        The folder of a data list, or the folder itself; empty for a single file.
    """
    path = Path(path)
    return (
        str(path.parent if path.suffix == ".json" else path)
        if path.suffix == ".json" or path.is_dir()
        else ""
    )


def datalist_digest(path: str | os.PathLike[str]) -> str:
    """Give a short fingerprint of a data list, to tell which data a run has seen.

    Args:
        path: ``datalist.json``, or the folder that holds it.

    Returns:
        The first 12 hexadecimal digits of the SHA-256 of the file; empty when there is none.
    """
    return short_digest(_file_of(Path(path)))


def count_classes(items: Sequence[Mapping[str, Any]]) -> int:
    """Count the classes that a network can learn from items, such as the people of a training section.

    Args:
        items: of a data list; their properties are class indices from 0 on.

    Returns:
        The number of classes.

    Raises:
        DataError: a property is no class index, or one of the indices up to the highest is missing.
    """
    found = {item[PROPERTY] for item in items}
    if found != set(range(len(found))):
        raise DataError(
            f"data list: expected properties 0 to {len(found) - 1}, one for each class of these items, got "
            f"{', '.join(map(str, sorted(found - set(range(len(found))), key=str)[:3]))} among them"
        )
    return len(found)


def _file_of(path: Path) -> Path:
    return path if path.suffix == ".json" else path / "datalist.json"


def _paths(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _absolute(item: dict[str, Any], folder: Path) -> dict[str, Any]:
    return {key: _below(folder, value) if key in PATHS else value for key, value in item.items()}


def _below(folder: Path, value: str | list[str]) -> str | list[str]:
    return str(folder / value) if isinstance(value, str) else [str(folder / path) for path in value]
