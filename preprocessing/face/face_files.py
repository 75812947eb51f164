"""The pictures of a person in a cohort: a folder that is whole or absent."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from preprocessing.face.layers import Field
from taskgan_ext.data.face_pairs import face_name
from taskgan_ext.io.atomic import TEMPORARY, read_json, write_json
from taskgan_ext.io.picture import save_picture

IMAGES = "images"


def picture_path(identity: str, number: int) -> str:
    """Path of a picture, relative to the folder of the cohort, with slashes.

    Args:
        identity: name of the person.
        number: of the picture, from 1.
    """
    return f"{IMAGES}/{identity}/{face_name(identity, number)}.png"


def is_complete(cohort_dir: Path, identity: str, numbers: Iterable[int]) -> bool:
    """Whether exactly these pictures of a person are there.

    Args:
        cohort_dir: folder of the cohort.
        identity: name of the person.
        numbers: of the pictures.
    """
    found = {path.name for path in (cohort_dir / IMAGES / identity).glob("*.png")}
    return found == {f"{face_name(identity, number)}.png" for number in numbers}


def read_record(cohort_dir: Path, identity: str) -> dict[str, Any]:
    """What ``write_faces`` was given as record; empty where there is none.

    Args:
        cohort_dir: folder of the cohort.
        identity: name of the person.

    Raises:
        DataError: the file is no JSON.
    """
    path = cohort_dir / IMAGES / identity / f"{identity}.json"
    return read_json(path) if path.is_file() else {}


def write_faces(
    cohort_dir: Path,
    identity: str,
    pictures: Iterable[tuple[int, Field]],
    record: Mapping[str, Any],
) -> None:
    """Write all pictures of a person, in place of those that may be there.

    They are written to a temporary folder that is moved into place at the end; ``remove_unfinished`` removes
    what a killed process has left.

    Args:
        cohort_dir: folder of the cohort.
        identity: name of the person.
        pictures: number and picture ``(1 or 3, rows, columns)`` in 0..1.
        record: what is told of the pictures in a JSON file beside them.
    """
    staging, target = cohort_dir / f"{TEMPORARY}{identity}", cohort_dir / IMAGES / identity
    staging.mkdir(parents=True)
    try:
        for number, picture in pictures:
            save_picture(picture, staging / f"{face_name(identity, number)}.png")
        write_json(staging / f"{identity}.json", record)
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            shutil.rmtree(target)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def several_or_one(faces: Mapping[str, Sequence[int]]) -> dict[str, str]:
    """Identity to ``several`` or ``one``: only several pictures make pairs of one person.

    Args:
        faces: identity to the numbers of its pictures.
    """
    return {identity: "several" if len(numbers) > 1 else "one" for identity, numbers in faces.items()}
