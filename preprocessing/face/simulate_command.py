"""``python -m preprocessing face simulate``."""

import argparse
import sys
from pathlib import Path

from preprocessing.face.cohort import simulate_cohort
from preprocessing.face.report import cohort_summary
from preprocessing.face.settings import FaceSettings

_DEFAULTS = FaceSettings()


def add_simulate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser.

    Args:
        commands: of the parser of all face commands.
    """
    parser = commands.add_parser(
        "simulate",
        help="simulate a cohort of people who do not exist",
        description=(
            "Simulate a seeded cohort of faces: some sixty measures make a person; pose, light, expression "
            "and camera differ from picture to picture. An interrupted run goes on where it stopped."
        ),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--identities", type=int, default=160, help="number of people")
    parser.add_argument("--seed", type=int, default=_DEFAULTS.seed, help="decides everything that is random")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--images-per-identity",
        type=int,
        default=_DEFAULTS.images_per_identity,
        help="pictures of each person",
    )
    parser.add_argument("--size", type=int, default=_DEFAULTS.size, help="rows and columns of a picture")
    parser.add_argument("--colour", action="store_true", help="colour and not grey")
    parser.add_argument("--workers", type=int, default=1, help="processes, each on one core")
    parser.set_defaults(run=_run_simulate)


def _run_simulate(arguments: argparse.Namespace) -> None:
    settings = FaceSettings(
        seed=arguments.seed,
        images_per_identity=arguments.images_per_identity,
        size=arguments.size,
        colour=arguments.colour,
    )
    datalist = simulate_cohort(arguments.out, arguments.identities, settings, arguments.workers)
    sys.stdout.write(cohort_summary(arguments.out, datalist))
