"""``python -m preprocessing face import``."""

import argparse
import sys
from pathlib import Path

from preprocessing.face.crop import AUTOMATIC, LFW_CROP, WHOLE, parse_crop
from preprocessing.face.given_lists import ListFiles
from preprocessing.face.import_faces import ImportRequest, import_faces
from preprocessing.face.report import cohort_summary
from taskgan_ext.keys import SECTIONS, TEST


def add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser.

    Args:
        commands: of the parser of all face commands.
    """
    parser = commands.add_parser(
        "import",
        help="import photographs, one folder per person",
        description=(
            "Import LFW-a or any folder with one folder of photographs per person. With lists, their people "
            "are trained with and tested with; without, the seed decides. An interrupted import goes on "
            "where it stopped."
        ),
    )
    parser.add_argument(
        "--images",
        type=Path,
        required=True,
        help="folder with one folder per person, or with lfw2 that has them",
    )
    for option, text in {
        "--pairs-train": "pairs of people to train with (pairsDevTrain.txt)",
        "--pairs-test": "pairs of people to test with (pairsDevTest.txt)",
        "--people-train": "people to train with (peopleDevTrain.txt; default: all who are not in test)",
        "--people-test": "people to test with (peopleDevTest.txt; default: those of the test pairs)",
    }.items():
        parser.add_argument(option, type=Path, help=text)
    parser.add_argument(
        "--section",
        choices=SECTIONS,
        help=f"where everybody goes who is imported; {TEST} to evaluate a bundle that was trained on others",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--size", type=int, default=64, help="rows and columns of the pictures written (default: 64)"
    )
    parser.add_argument(
        "--crop",
        default=AUTOMATIC,
        metavar="TOP,LEFT,HEIGHT,WIDTH",
        help=(
            f"part of the photographs in pixels; {WHOLE}: the largest square in the middle (default: "
            f"{AUTOMATIC}, {LFW_CROP} of photographs of 250 x 250 as LFW-a has them, {WHOLE} of others)"
        ),
    )
    parser.add_argument("--colour", action="store_true", help="colour and not grey")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the sections and pairs that no list gives (default: 0)"
    )
    parser.set_defaults(run=_run_import)


def _run_import(arguments: argparse.Namespace) -> None:
    result = import_faces(
        ImportRequest(
            images=arguments.images,
            out=arguments.out,
            lists=ListFiles(
                pairs_train=arguments.pairs_train,
                pairs_test=arguments.pairs_test,
                people_train=arguments.people_train,
                people_test=arguments.people_test,
            ),
            crop=parse_crop(arguments.crop),
            size=arguments.size,
            colour=arguments.colour,
            seed=arguments.seed,
            section=arguments.section,
        )
    )
    sys.stdout.write("".join(f"notice: {text}\n" for text in result.notices))
    sys.stdout.write(cohort_summary(arguments.out, result.datalist))
