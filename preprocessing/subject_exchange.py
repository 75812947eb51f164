"""Put a subject into a cohort, or another one in its place, as a whole or not at all, even if killed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from preprocessing.cohort import remove_unfinished
from preprocessing.imported_datalist import all_items, update_datalist
from preprocessing.subject_kind import SubjectKind
from taskgan_ext.keys import SUBJECT

STAGING = ".importing-"
"""Start of the name of the folder in which a subject is written; the rest is the name of the subject."""
_OLD, _DONE = ".old", ".done"
"""Beside the folder of the subject, whose name cannot begin with a dot."""


def exchange_subject(
    folder: Path, name: str, write: Callable[[Path], None], section: str | None, kind: SubjectKind
) -> dict[str, Any] | None:
    """Write a subject beside its place, move it there and put it into the data list.

    The caller holds the lock of the folder and has called ``undo_killed_imports``. After an error the folder
    is as it was; after a kill it is so again when ``undo_killed_imports`` was called.

    Args:
        folder: of the cohort.
        name: of the subject; one of that name is replaced.
        write: writes the subject to ``name`` in a folder that stands for the cohort.
        section: see ``update_datalist``.
        kind: of the subject.

    Returns:
        The data list, or ``None`` where no subject of the folder is in one.
    """
    staging = folder / f"{STAGING}{name}"
    staging.mkdir()
    try:
        write(staging)
        _put_in_place(staging)
        datalist = update_datalist(folder, name, kind.list_items(folder, name), section, kind)
    except BaseException:
        _undo(staging, kind)
        raise
    (staging / _OLD).rename(staging / _DONE)  # from here on nothing is undone
    shutil.rmtree(staging)
    return datalist


def undo_killed_imports(folder: Path, kind: SubjectKind) -> None:
    """Undo what killed imports have left half done; the caller holds the lock of the folder.

    Args:
        folder: of the cohort.
        kind: of its subjects.
    """
    remove_unfinished(folder)
    for staging in sorted(folder.glob(f"{STAGING}*")):
        _undo(staging, kind)


def _put_in_place(staging: Path) -> None:
    target, old = _target(staging), staging / _OLD
    if target.exists():
        target.rename(old)
    else:
        old.mkdir()  # empty: there was nothing
    (staging / target.name).rename(target)


def _undo(staging: Path, kind: SubjectKind) -> None:
    """Go back to the state before; it can be killed anywhere and called again."""
    target, old = _target(staging), staging / _OLD
    folder, name = target.parent, target.name
    if old.exists():
        if target.exists():
            shutil.rmtree(target)
        if any(old.iterdir()):
            old.rename(target)
    items = kind.list_items(folder, name) if kind.is_complete(folder, name) else []
    if [item for item in all_items(folder) if item[SUBJECT] == name] != items:
        update_datalist(folder, name, items, None, kind)
    shutil.rmtree(staging)


def _target(staging: Path) -> Path:
    return staging.with_name(staging.name.removeprefix(STAGING))
