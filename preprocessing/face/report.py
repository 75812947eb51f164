"""What a command tells about the cohort that it has written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from preprocessing.cohort import DATALIST_FILE
from preprocessing.face.cohort_lists import pairs_file
from preprocessing.face.face_datalist import faces_of
from taskgan_ext.data.face_pairs import read_pairs
from taskgan_ext.keys import SECTIONS


def cohort_summary(cohort_dir: Path, datalist: Mapping[str, Any]) -> str:
    """Lines with the data list and, for each section, its people, pictures and pairs.

    Args:
        cohort_dir: folder of the cohort.
        datalist: of the cohort.
    """
    lines = [f"data list: {cohort_dir / DATALIST_FILE}"]
    for section in SECTIONS:
        faces = faces_of(datalist, section)
        path = cohort_dir / pairs_file(section)
        count = len(read_pairs(path)) // 2 if path.is_file() else 0
        pairs = f"{count} + {count} pairs" if count else "too few pictures for pairs"
        lines.append(f"{section:<11}{len(faces):>5} people {len(datalist[section]):>6} pictures, {pairs}")
    return "\n".join(lines) + "\n"
