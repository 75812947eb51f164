"""The data list of faces."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from preprocessing.cohort import DATALIST_FILE
from preprocessing.face.face_files import picture_path
from taskgan_ext.data.face_pairs import face_name, split_face_name
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.keys import CASE, IMAGE, LABEL, PROPERTY, SECTIONS, SUBJECT


def write_face_datalist(
    cohort_dir: Path,
    faces: Mapping[str, Sequence[int]],
    sections: Mapping[str, Sequence[str]],
    name: str,
    description: str,
) -> dict[str, Any]:
    """Write the data list.

    Identities are numbered section by section, training first: a classifier of the identities in training
    has as many outputs as there are.

    Args:
        cohort_dir: folder of the cohort.
        faces: identity to the numbers of its pictures.
        sections: section to its identities.
        name: of the data set.
        description: one sentence about it.

    Returns:
        The data list.
    """
    classes = [identity for section in SECTIONS for identity in sorted(sections[section])]
    index = {identity: position for position, identity in enumerate(classes)}
    content: dict[str, Any] = {
        "name": name,
        "description": description,
        "modality": "face",
        PROPERTY: {"name": "identity", "type": "categorical", "classes": classes},
    }
    for section in SECTIONS:
        content[section] = [
            {
                IMAGE: picture_path(identity, number),
                LABEL: picture_path(identity, number),
                PROPERTY: index[identity],
                SUBJECT: identity,
                CASE: face_name(identity, number),
            }
            for identity in sorted(sections[section])
            for number in sorted(faces[identity])
        ]
    path = cohort_dir / DATALIST_FILE
    # A list that is the same is left alone, so that files made from it do not look older than it.
    if not path.is_file() or read_json(path) != content:
        write_json(path, content)
    return content


def faces_of(datalist: Mapping[str, Any], section: str) -> dict[str, list[int]]:
    """Identity to the numbers of its pictures in one section.

    Args:
        datalist: as ``write_face_datalist`` returns it.
        section: of the list.
    """
    faces: dict[str, list[int]] = {}
    for item in datalist[section]:
        identity, number = split_face_name(item[CASE])
        faces.setdefault(identity, []).append(number)
    return faces
