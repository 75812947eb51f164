"""The data list of a folder to which subjects are imported one by one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from preprocessing.collect import DEFAULT_FRACTIONS, collect
from preprocessing.subject_kind import SubjectKind
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.keys import PROPERTY, SECTIONS, SUBJECT

DATALIST_FILE = "datalist.json"


def check_can_hold(folder: Path, subject: str, section: str | None, kind: SubjectKind) -> None:
    """Check that the data list of a folder, if there is one, can take a subject.

    Args:
        folder: of the cohort.
        subject: name of the subject.
        section: wanted by the user, or ``None``.
        kind: of the subject.

    Raises:
        ConfigError: the subject is in another section than the wanted one.
        DataError: the data list holds subjects of another kind, or another subject's file is missing.
    """
    path = folder / DATALIST_FILE
    content = _read(path)
    found = content.get(PROPERTY, kind.property_info)
    if found != kind.property_info:
        raise DataError(
            f"{path}: expected a data list of {kind.property_info['name']} "
            f"({', '.join(kind.property_info['classes'])}), got one of {found}; choose another --out"
        )
    for home in SECTIONS:
        for item in content.get(home, []):
            if item[SUBJECT] == subject and section not in (None, home):
                raise ConfigError(
                    f"{path}: {subject} is in {home} and stays there, so that nothing learnt from it is "
                    f"tested on it; leave out --section {section}"
                )
            if item[SUBJECT] != subject and not (folder / item["image"]).is_file():
                raise DataError(
                    f"{path}: {item[SUBJECT]} names {item['image']}, which does not exist; bring its folder "
                    "back, or delete its items from the list"
                )


def all_items(folder: Path) -> list[dict[str, Any]]:
    """Items of the data list of a folder, of all sections; none where there is no list.

    Args:
        folder: of the cohort.
    """
    content = _read(folder / DATALIST_FILE)
    return [item for home in SECTIONS for item in content.get(home, [])]


def update_datalist(
    folder: Path, subject: str, items: Sequence[dict[str, Any]], section: str | None, kind: SubjectKind
) -> dict[str, Any] | None:
    """Put the items of one subject into the data list of a folder; all others stay where they are.

    Args:
        folder: of the cohort.
        subject: name of the subject.
        items: of this subject; none takes it out of the list.
        section: for a subject that is new; ``None`` for the one that lacks most.
        kind: of the subject.

    Returns:
        The data list, or ``None`` where there is no item at all and so no file.
    """
    path = folder / DATALIST_FILE
    content = _read(path)
    others = [item for item in all_items(folder) if item[SUBJECT] != subject]
    if not (others or items):
        path.unlink(missing_ok=True)
        return None
    return collect(
        sorted([*others, *items], key=lambda item: (item[SUBJECT], item[PROPERTY])),
        path,
        name=content.get("name", kind.name),
        description=content.get("description", kind.description),
        modality=kind.modality,
        property_info=kind.property_info,
        fractions=DEFAULT_FRACTIONS if section is None else {section: 1.0},
    )


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}
