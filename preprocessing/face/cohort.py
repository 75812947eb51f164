"""A simulated cohort of faces: pictures, data list and pairs."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from preprocessing.cohort import DATALIST_FILE, subject_name, write_cohort
from preprocessing.collect import existing_split, extend_split
from preprocessing.face.capture import Capture, draw_capture
from preprocessing.face.cohort_lists import write_lists
from preprocessing.face.face_datalist import make_face_datalist
from preprocessing.face.face_files import is_complete, several_or_one, write_faces
from preprocessing.face.layers import Field
from preprocessing.face.render import render_face
from preprocessing.face.settings import FaceSettings
from preprocessing.face.traits import Identity, draw_identity
from preprocessing.folder_lock import locked
from preprocessing.provenance import package_versions

_STREAM = 6007
"""Keeps these draws apart from others with the same seed."""
_PACKAGES = ("numpy", "scipy", "pillow")


def simulate_cohort(
    cohort_dir: Path, num_identities: int, settings: FaceSettings, workers: int = 1
) -> dict[str, Any]:
    """Simulate the people that are not there yet, and write the data list and the lists of pairs.

    Args:
        cohort_dir: folder to write; made if missing.
        num_identities: size of the cohort.
        settings: of the cohort.
        workers: number of processes, each on one thread; it changes no byte.

    Returns:
        The data list.

    Raises:
        ConfigError: a number is below 1, or the folder holds a cohort with other settings.
        DataError: a worker process died.
    """
    numbers = range(1, settings.images_per_identity + 1)
    with locked(cohort_dir):
        is_done = partial(_is_done, numbers=numbers)
        write_cohort(cohort_dir, num_identities, settings, write_identity, is_done, workers)
        faces = {subject_name(index): numbers for index in range(num_identities)}
        before = existing_split(cohort_dir / DATALIST_FILE)
        datalist = make_face_datalist(
            cohort_dir,
            faces,
            extend_split(before, several_or_one(faces), seed=settings.seed),
            name="parametric faces",
            description="Simulated faces of people who do not exist, with pose, light and expression",
        )
        write_lists(cohort_dir, datalist, settings.seed)
        return datalist


def draw_person(settings: FaceSettings, index: int) -> tuple[Identity, list[Capture]]:
    """Draw a person and the circumstances of all pictures of him or her.

    Args:
        settings: of the cohort.
        index: number of the person, from 0.
    """
    rng = np.random.default_rng([_STREAM, settings.seed, index])
    identity = draw_identity(rng)
    return identity, [draw_capture(rng) for _ in range(settings.images_per_identity)]


def write_identity(cohort_dir: Path, index: int, settings: FaceSettings) -> None:
    """Simulate one person and write the pictures.

    Args:
        cohort_dir: folder of the cohort.
        index: number of the person, from 0.
        settings: of the cohort.
    """
    identity, captures = draw_person(settings, index)

    def pictures() -> Iterator[tuple[int, Field]]:
        for number, capture in enumerate(captures, start=1):
            picture = render_face(identity, capture, settings.size, settings.colour)
            yield number, picture[None] if picture.ndim == 2 else np.moveaxis(picture, -1, 0)

    record = {
        "simulated": True,
        "index": index,
        "settings": settings.to_dict(),
        "packages": package_versions(_PACKAGES),
        "identity": identity.to_dict(),
        "pictures": [capture.to_dict() for capture in captures],
    }
    write_faces(cohort_dir, subject_name(index), pictures(), record)


def _is_done(cohort_dir: Path, index: int, numbers: range) -> bool:
    return is_complete(cohort_dir, subject_name(index), numbers)
