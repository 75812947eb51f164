"""``python -m preprocessing face pairs``."""

import argparse
import sys
from pathlib import Path

from preprocessing.cohort import DATALIST_FILE
from preprocessing.face.cohort_lists import pairs_file
from preprocessing.face.face_datalist import faces_of
from preprocessing.face.pair_generator import DEFAULT_PAIRS, draw_pairs
from preprocessing.folder_lock import locked
from taskgan_ext.data.datalist import check_datalist
from taskgan_ext.data.face_pairs import write_pairs
from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.keys import SECTIONS, TEST


def add_pairs(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser.

    Args:
        commands: of the parser of all face commands.
    """
    parser = commands.add_parser(
        "pairs",
        help="draw pairs for verification",
        description=(
            "Draw pairs of pictures of one person and of two, in the format of LFW, in place of the list "
            "that a section may have."
        ),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("cohort", type=Path, help="folder with the data list")
    parser.add_argument("--section", choices=SECTIONS, default=TEST, help="of the data list")
    parser.add_argument("--pairs", type=int, default=DEFAULT_PAIRS, help="number of pairs of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.set_defaults(run=_run_pairs)


def _run_pairs(arguments: argparse.Namespace) -> None:
    path = arguments.cohort / DATALIST_FILE
    if not path.is_file():
        raise DataError(f"{path}: expected a data list of faces, found none; give the folder of a cohort")
    content = read_json(path)
    check_datalist(content, path)
    if content.get("modality") != "face":
        raise DataError(f"{path}: expected a data list of faces, got one of {content.get('modality')}")
    pairs = draw_pairs(faces_of(content, arguments.section), arguments.pairs, arguments.seed)
    target = arguments.cohort / pairs_file(arguments.section)
    with locked(arguments.cohort):
        write_pairs(target, pairs)
    sys.stdout.write(f"{arguments.pairs} + {arguments.pairs} pairs: {target}\n")
