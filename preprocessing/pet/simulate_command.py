"""``python -m preprocessing pet simulate``."""

import argparse
import sys
from pathlib import Path

from preprocessing.cohort import DATALIST_FILE
from preprocessing.collect import count_sections
from preprocessing.pet.cohort import simulate_cohort
from preprocessing.pet.cohort_settings import CohortSettings
from preprocessing.pet.dose_argument import parse_doses
from preprocessing.pet.scan import ScanSettings
from preprocessing.pet.uptake import PRESETS

_DEFAULTS = CohortSettings()


def add_simulate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``simulate``.

    Args:
        commands: of the parser of all PET commands.
    """
    parser = commands.add_parser(
        "simulate",
        help="simulate a labelled cohort of low-dose and full-dose images",
        description=(
            "Simulate a seeded cohort of amyloid PET: a digital brain per subject, its counts, the thinned "
            "counts and both reconstructions (Bq/ml). An interrupted run goes on where it stopped."
        ),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--subjects", type=int, default=40, help="number of subjects")
    parser.add_argument("--seed", type=int, default=_DEFAULTS.seed, help="decides everything that is random")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--preset", choices=PRESETS, default=_DEFAULTS.preset, help="how hard the classes are to tell apart"
    )
    parser.add_argument(
        "--doses",
        type=parse_doses,
        default=",".join(map(str, _DEFAULTS.doses)),
        help="fractions of the full dose, separated by commas, e.g. 0.01,0.02,0.05,0.10,0.25",
    )
    parser.add_argument(
        "--realisations", type=int, default=_DEFAULTS.realisations, help="low-dose images per scan and dose"
    )
    parser.add_argument(
        "--slices",
        type=int,
        default=_DEFAULTS.num_slices,
        help="axial slices of 2.78 mm, about the brain",
    )
    parser.add_argument(
        "--positive-fraction",
        type=float,
        default=_DEFAULTS.positive_fraction,
        help="share of subjects drawn from the amyloid-positive class",
    )
    parser.add_argument(
        "--counts",
        type=float,
        default=_DEFAULTS.scan.counts_per_slice,
        help="unscattered true coincidences per slice at full dose, mean over slices",
    )
    parser.add_argument(
        "--listmode-subjects",
        type=int,
        default=_DEFAULTS.listmode_subjects,
        help="simulate the first so many subjects through a list-mode event file",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes, each on one core")
    parser.set_defaults(run=_run_simulate)


def _run_simulate(arguments: argparse.Namespace) -> None:
    settings = CohortSettings(
        seed=arguments.seed,
        preset=arguments.preset,
        doses=arguments.doses,
        realisations=arguments.realisations,
        num_slices=arguments.slices,
        positive_fraction=arguments.positive_fraction,
        listmode_subjects=arguments.listmode_subjects,
        scan=ScanSettings(counts_per_slice=arguments.counts),
    )
    datalist = simulate_cohort(arguments.out, arguments.subjects, settings, arguments.workers)
    classes = datalist["property"]["classes"]
    sys.stdout.write(f"data list: {arguments.out / DATALIST_FILE}\n")
    for section, counts in count_sections(datalist).items():
        listing = ", ".join(f"{counts[value]} {name}" for value, name in enumerate(classes))
        sys.stdout.write(f"{section:<11}{counts.total():>3} subjects: {listing}\n")
