"""The lists of a cohort of faces, data and pairs, written so that none is older than what it is made from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from preprocessing.cohort import DATALIST_FILE
from preprocessing.face.face_datalist import faces_of
from preprocessing.face.pair_generator import DEFAULT_PAIRS, draw_pairs, most_pairs
from taskgan_ext.data.face_pairs import Pair, write_pairs
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.keys import CASE, SECTIONS


def pairs_file(section: str) -> str:
    """Name of the file with the pairs of a section.

    Args:
        section: of the data list.
    """
    return f"pairs_{section}.txt"


def write_lists(
    cohort_dir: Path,
    datalist: Mapping[str, Any],
    seed: int,
    given: Mapping[str, Sequence[Pair]] | None = None,
) -> None:
    """Write the data list, and pairs for every section with enough pictures.

    Pairs that are there stay as long as every section has the same pictures by name; then the user may have
    replaced them.

    Args:
        cohort_dir: folder of the cohort.
        datalist: of the cohort.
        seed: of the pairs that are drawn.
        given: section to the pairs that a user wants there.
    """
    path = cohort_dir / DATALIST_FILE
    before = read_json(path) if path.is_file() else {}
    if _names(before) != _names(datalist):
        # First, so that whoever is stopped here or later finds pairs missing and not outdated.
        for section in SECTIONS:
            (cohort_dir / pairs_file(section)).unlink(missing_ok=True)
    # A list that is the same is left alone, so that files made from it do not look older than it.
    if before != datalist:
        write_json(path, datalist)
    for section, pairs in (given or {}).items():
        write_pairs(cohort_dir / pairs_file(section), pairs)
    for section in SECTIONS:
        target, faces = cohort_dir / pairs_file(section), faces_of(datalist, section)
        count = min(DEFAULT_PAIRS, most_pairs(faces))
        if count and not target.is_file():
            write_pairs(target, draw_pairs(faces, count, seed))


def _names(datalist: Mapping[str, Any]) -> dict[str, set[str | None]]:
    return {section: {item.get(CASE) for item in datalist.get(section, [])} for section in SECTIONS}
