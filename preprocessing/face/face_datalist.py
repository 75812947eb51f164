"""The data list of faces."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from preprocessing.face.face_files import picture_path
from taskgan_ext.data.face_pairs import face_name, split_face_name
from taskgan_ext.data.training_subjects import SOURCE_SHA256
from taskgan_ext.io.digest import sha256
from taskgan_ext.keys import CASE, IMAGE, LABEL, PROPERTY, SECTIONS, SUBJECT

SHA256 = "sha256"
"""Key of an item: fingerprints of its files, as data lists of volumes have them; a face is one file."""


def make_face_datalist(
    cohort_dir: Path,
    faces: Mapping[str, Sequence[int]],
    sections: Mapping[str, Sequence[str]],
    name: str,
    description: str,
    sources: Mapping[str, Mapping[int, str]] | None = None,
) -> dict[str, Any]:
    """Make the data list of pictures that are there.

    Identities are numbered section by section, training first: a classifier of the identities in training
    has as many outputs as there are.

    Args:
        cohort_dir: folder of the cohort.
        faces: identity to the numbers of its pictures.
        sections: section to its identities.
        name: of the data set.
        description: one sentence about it.
        sources: identity to number to the fingerprint of the photograph, of imported faces.

    Returns:
        The data list.
    """
    classes = [identity for section in SECTIONS for identity in sorted(sections[section])]
    index = {identity: position for position, identity in enumerate(classes)}

    def item(identity: str, number: int) -> dict[str, Any]:
        picture = picture_path(identity, number)
        source = {} if sources is None else {SOURCE_SHA256: sources[identity][number]}
        return {
            IMAGE: picture,
            LABEL: picture,
            PROPERTY: index[identity],
            SUBJECT: identity,
            CASE: face_name(identity, number),
            SHA256: [sha256(cohort_dir / picture)],
            **source,
        }

    content: dict[str, Any] = {
        "name": name,
        "description": description,
        "modality": "face",
        PROPERTY: {"name": "identity", "type": "categorical", "classes": classes},
    }
    for section in SECTIONS:
        content[section] = [
            item(identity, number)
            for identity in sorted(sections[section])
            for number in sorted(faces[identity])
        ]
    return content


def faces_of(datalist: Mapping[str, Any], section: str) -> dict[str, list[int]]:
    """Identity to the numbers of its pictures in one section.

    Args:
        datalist: as ``make_face_datalist`` returns it.
        section: of the list.
    """
    faces: dict[str, list[int]] = {}
    for item in datalist[section]:
        identity, number = split_face_name(item[CASE])
        faces.setdefault(identity, []).append(number)
    return faces
