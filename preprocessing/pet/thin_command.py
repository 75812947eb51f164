"""``python -m preprocessing pet thin``."""

import argparse
import sys
from pathlib import Path
from typing import get_args

from preprocessing.pet.dose_argument import parse_doses
from preprocessing.pet.thin_file import ThinnedFile, thin_file
from preprocessing.pet.thin_request import Mode, ThinRequest

_DEFAULTS = ThinRequest(doses=(0.01,))


def add_thin(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``thin``.

    Args:
        commands: of the parser of all PET commands.
    """
    parser = commands.add_parser(
        "thin",
        help="write low-dose copies of a list-mode file, in its own format",
        description=(
            "Keep a share of the events of a list-mode file, prompts and delayeds alike, and write them "
            "in the same format, so that the site's own software reconstructs full and low dose. Lower doses "
            "are parts of higher ones; realisations share no event. A JSON report lies beside each copy."
        ),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="list-mode file, or header of a Siemens one")
    parser.add_argument(
        "--keep",
        type=parse_doses,
        required=True,
        metavar="P,P,...",
        help="shares of the events to keep, e.g. 0.01,0.05",
        default=argparse.SUPPRESS,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write", default=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=_DEFAULTS.seed, help="decides which events are kept")
    parser.add_argument(
        "--realisations", type=int, default=_DEFAULTS.realisations, help="disjoint copies of each dose"
    )
    parser.add_argument(
        "--mode",
        choices=get_args(Mode),
        default=_DEFAULTS.mode,
        help="bernoulli: each event at random; window: all events of the first minutes",
    )
    parser.add_argument(
        "--middle", action="store_true", help="with --mode window: the minutes in the middle of the scan"
    )
    parser.add_argument(
        "--subject",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="name of the copies, also decides which events are kept (default: name of the file)",
    )
    parser.add_argument(
        "--keep-identity",
        action="store_true",
        help="copy dates, comments and the exam of the header, which may tell who was scanned and when",
    )
    parser.set_defaults(run=_run_thin)


def _run_thin(arguments: argparse.Namespace) -> None:
    request = ThinRequest(
        doses=arguments.keep,
        seed=arguments.seed,
        realisations=arguments.realisations,
        mode=arguments.mode,
        middle=arguments.middle,
        subject=getattr(arguments, "subject", None),
        keep_identity=arguments.keep_identity,
    )
    written = thin_file(arguments.file, request, arguments.out)
    sys.stdout.write("\n".join(map(_line, written)) + "\n")
    for text in written[0].report["warnings"]:
        sys.stdout.write(f"notice: {text}\n")


def _line(file: ThinnedFile) -> str:
    source, kept = (file.report["events"][name] for name in ("source", "kept"))
    shares = ", ".join(f"{kept[kind]} of {source[kind]} {kind}" for kind in ("prompts", "delayeds"))
    return f"{file.path}: {shares}" + (" (was there already)" if file.was_there else "")
