"""Who the weights were trained on, so that nobody tests them on the same images."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.keys import IMAGE, LABEL, SUBJECT

logger = logging.getLogger(__name__)

SOURCE_SHA256 = "source_sha256"
"""Optional key of an item: fingerprint of the file that its images were made of."""
NAMELESS = "images without a subject"
"""Stands for the subject of items that name none, such as those of MONAI Label's stock app."""


def write_training_subjects(
    items: Sequence[dict[str, Any]], path: str | os.PathLike[str], before: Path | None = None
) -> None:
    """Record the subjects of a training set with the fingerprints of their images.

    Args:
        items: of a data list, with the files of ``image`` and ``label``; the fingerprint of what they were
            made of counts too, see ``SOURCE_SHA256``.
        path: JSON file to write.
        before: record of the training that this one went on from; its subjects are kept. Where it is missing
            there is a warning.

    Raises:
        DataError: that record cannot be read.
    """
    subjects: dict[str, set[str]] = {}
    if before is not None and before.is_file():
        subjects = _recorded(before)
    elif before is not None:
        logger.warning(
            "%s: found no record of whom the weights at the start were trained on; a test on the same "
            "people will not be refused",
            before,
        )
    for name, digests in _digests(items).items():
        subjects.setdefault(name, set()).update(digests)
    write_json(path, {"subjects": {name: sorted(digests) for name, digests in subjects.items()}})


def refuse_training_subjects(items: Sequence[dict[str, Any]], path: str | os.PathLike[str]) -> None:
    """Stop a test on images that a network was trained on.

    A name alone proves nothing, since most cohorts have a ``sub-001``: it gives a warning. So does a missing
    record, of weights from elsewhere.

    Args:
        items: that are tested on, of a data list.
        path: record of ``write_training_subjects``.

    Raises:
        DataError: an image or target was trained on, or one made of the same file, whatever its file and
            subject are called now; or the record cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        logger.warning("%s: found no record of the training subjects; is the test set held out?", path)
        return
    trained = _recorded(path)
    known = set().union(*trained.values())
    tested = _digests(items)
    seen = [name for name, digests in tested.items() if digests & known]
    if seen:
        raise DataError(
            f"{path}: expected test subjects that the weights have not seen, but they were trained on images "
            f"of {', '.join(seen)}; test on others, or train again (another --ckpt_dir keeps these weights)"
        )
    namesakes = [name for name in tested if name in trained and name != NAMELESS]
    if namesakes:
        logger.warning(
            "%s: the weights were trained on other images of subjects that are also called %s; if they are "
            "the same persons, the results are not held out",
            path,
            ", ".join(namesakes),
        )


def _recorded(path: Path) -> dict[str, set[str]]:
    return {name: set(digests) for name, digests in read_json(path).get("subjects", {}).items()}


def _digests(items: Sequence[dict[str, Any]]) -> dict[str, set[str]]:
    """Fingerprints of the files of each subject and their sources; a file of several items is read once."""
    files = {
        (item.get(SUBJECT, NAMELESS), file)
        for item in items
        for key in (IMAGE, LABEL)
        for file in ([item[key]] if isinstance(item[key], str) else item[key])
    }
    digests: dict[str, set[str]] = {item.get(SUBJECT, NAMELESS): set() for item in items}
    for item in items:
        if SOURCE_SHA256 in item:  # another crop of a photograph is another file
            digests[item.get(SUBJECT, NAMELESS)].add(item[SOURCE_SHA256])
    for subject, file in sorted(files):
        digests[subject].add(sha256(Path(file)))
    return digests
