"""``python -m preprocessing pet example``."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from preprocessing.existing_output import check_absent
from preprocessing.pet.reconstruct.cylinder_scanner import CylinderScanner
from preprocessing.pet.reconstruct.event_generator import RESOLUTION_FWHM, EventSource, generate_events
from preprocessing.pet.reconstruct.example_head import GRID, INSERT_CENTRE, INSERT_RADIUS, draw_example_head
from preprocessing.pet.reconstruct.petsird_writer import write_petsird
from preprocessing.provenance import package_versions
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import save_nifti

_SECONDS = 2.0
_RANDOMS = 0.2


def add_example(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``example``.

    Args:
        commands: of the parser of all PET commands.
    """
    parser = commands.add_parser(
        "example",
        help="make a small list-mode file to try the other commands on",
        description=(
            "Simulate a scan of a head with a hot insert, photon pair by photon pair, on a small scanner "
            "with time of flight. Writes scan.petsird, its attenuation map mu.nii.gz (1/cm) and the true "
            "activity truth.nii.gz (Bq/ml)."
        ),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write", default=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1, help="decides everything that is random")
    parser.add_argument(
        "--seconds", type=float, default=_SECONDS, help="length of the scan; decides the counts"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.set_defaults(run=_run_example)


def _run_example(arguments: argparse.Namespace) -> None:
    if not 0.1 <= arguments.seconds <= 600:
        raise ConfigError(f"--seconds: expected a number from 0.1 to 600, got {arguments.seconds:g}")
    if arguments.seed < 0:
        raise ConfigError(f"--seed: expected a number that is not negative, got {arguments.seed}")
    names = ("scan.petsird", "mu.nii.gz", "truth.nii.gz", "truth.json")
    scan, mu, truth, sidecar = (arguments.out / name for name in names)
    check_absent((scan, mu, truth, sidecar), arguments.overwrite)
    activity, attenuation = draw_example_head()
    scanner = CylinderScanner()
    source = EventSource(activity, attenuation, GRID, arguments.seconds, _RANDOMS)
    events = generate_events(source, scanner, arguments.seed, progress=True)
    write_petsird(scan, events, scanner)
    save_nifti(attenuation * np.float32(10), GRID.affine, mu)
    save_nifti(activity, GRID.affine, truth)
    prompts = int(np.count_nonzero(events.prompt))
    write_json(
        sidecar,
        {
            "Units": "Bq/mL",
            "seed": arguments.seed,
            "seconds": arguments.seconds,
            "randoms_fraction": _RANDOMS,
            "resolution_fwhm_mm": RESOLUTION_FWHM,
            "insert": {"centre_ras_mm": list(INSERT_CENTRE), "radius_mm": INSERT_RADIUS},
            "scanner": asdict(scanner),
            "prompts": prompts,
            "delayeds": int(events.prompt.size) - prompts,
            "versions": package_versions(("taskgan-ext", "numpy", "petsird")),
        },
    )
    sys.stdout.write(
        f"{scan}: {prompts} prompts, {events.prompt.size - prompts} delayeds in {arguments.seconds:g} s\n"
        f"attenuation in 1/cm: {mu}\n"
        f"true activity in Bq/ml: {truth}\n"
    )
