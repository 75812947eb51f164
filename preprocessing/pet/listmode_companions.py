"""The files that are read with a list-mode file: header or events, and the report of its thinning."""

from pathlib import Path

from preprocessing.pet.listmode.siemens_files import find_siemens_pair
from preprocessing.pet.listmode.word_file import header_path
from preprocessing.pet.reconstruct.dose_report import report_path
from taskgan_ext.errors import RefusedListMode


def listmode_companions(path: Path) -> tuple[Path, ...]:
    """Name the files beside a list-mode file that decide on what is made of it.

    Args:
        path: file of events, or header of a Siemens scan.

    Returns:
        Files, some of which may be missing; whether they are there counts, too.
    """
    try:
        pair = find_siemens_pair(path)
    except RefusedListMode:
        pair = None  # told when the case is done
    events, headers = (path, ()) if pair is None else (pair[0], (pair[1].path,))
    found = (events, *headers, header_path(events), report_path(events))
    return tuple(dict.fromkeys(one for one in found if one != path))
