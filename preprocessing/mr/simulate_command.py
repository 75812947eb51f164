"""``python -m preprocessing mr simulate``."""

import argparse
import shlex
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import get_args

from preprocessing.cohort import DATALIST_FILE, subject_name
from preprocessing.collect import STRATUM
from preprocessing.mr.cohort import DICOM_FOLDER, simulate_cohort
from preprocessing.mr.dicom_variant import Vendor
from preprocessing.mr.settings import RESOLUTIONS, FileFormat, SimulationSettings
from preprocessing.mr.subject_files import WITH_LESIONS, WITHOUT_LESIONS
from preprocessing.mr.tissues import TISSUES
from taskgan_ext.keys import SECTIONS, SUBJECT
from taskgan_ext.mr.protocol import DEFAULT_PROTOCOLS, load_protocols

_DEFAULTS = SimulationSettings()
_DEFAULT_SUBJECTS = 40


def add_simulate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser.

    Args:
        commands: of the parser of all MR commands.
    """
    parser = commands.add_parser(
        "simulate",
        help="simulate a cohort with MDME images and six conventional contrasts",
        description=(
            "Simulate a seeded cohort of brain MRI: a procedural head per subject, some with white matter "
            "lesions, its MDME acquisition and conventional contrasts with the imperfections of a scanner. "
            "An interrupted run goes on where it stopped."
        ),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--subjects",
        type=int,
        help=f"number of subjects (default: {_DEFAULT_SUBJECTS}, or one per file of tissue maps)",
        default=argparse.SUPPRESS,
    )
    parser.add_argument("--seed", type=int, default=_DEFAULTS.seed, help="decides everything that is random")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--format",
        choices=get_args(FileFormat),
        default=_DEFAULTS.file_format,
        help="nifti: ready for training; dicom: files as a scanner exports them, for mr import",
    )
    parser.add_argument(
        "--vendor",
        choices=get_args(Vendor),
        default=_DEFAULTS.vendor,
        help="whose way of exporting DICOM is followed",
    )
    _add_head_arguments(parser)
    parser.add_argument(
        "--snr", type=float, default=_DEFAULTS.effects.snr, help="of white matter; 0: no noise"
    )
    parser.add_argument(
        "--protocols",
        type=Path,
        default=argparse.SUPPRESS,
        help="JSON table of TR, TE and TI of the conventional contrasts (default: the built-in one)",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes, each on one core")
    parser.set_defaults(run=_run_simulate)


def _add_head_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--resolution",
        type=float,
        choices=RESOLUTIONS,
        default=_DEFAULTS.resolution,
        help="in-plane voxel size in mm; the field of view is 256 mm",
    )
    parser.add_argument(
        "--slices", type=int, default=_DEFAULTS.num_slices, help="axial slices of 4 mm, about the brain"
    )
    parser.add_argument(
        "--patient-fraction",
        type=float,
        default=round(_DEFAULTS.patient_fraction, 4),
        help="share of subjects with lesions",
    )
    parser.add_argument(
        "--tissue-maps",
        type=Path,
        nargs="+",
        default=argparse.SUPPRESS,
        metavar="FILE.nii.gz",
        help=(
            f"instead of procedural heads: fractions of {' '.join(TISSUES)}, 0..1, as "
            f"(X, Y, Z, {len(TISSUES)}), as 'mr tissues' writes them; one file per subject, on its own grid, "
            "so that --resolution, --slices and --patient-fraction play no part"
        ),
    )


def _run_simulate(arguments: argparse.Namespace) -> None:
    tissue_maps = tuple(getattr(arguments, "tissue_maps", ()))
    num_subjects = getattr(arguments, "subjects", len(tissue_maps) or _DEFAULT_SUBJECTS)
    settings = SimulationSettings(
        seed=arguments.seed,
        resolution=arguments.resolution,
        num_slices=arguments.slices,
        patient_fraction=arguments.patient_fraction,
        protocols=load_protocols(getattr(arguments, "protocols", DEFAULT_PROTOCOLS)),
        effects=replace(_DEFAULTS.effects, snr=arguments.snr),
        tissue_maps=tissue_maps,
        file_format=arguments.format,
        vendor=arguments.vendor,
    )
    datalist = simulate_cohort(arguments.out, num_subjects, settings, arguments.workers)
    if datalist is None:
        sys.stdout.write(f"DICOM of {num_subjects} subjects: {arguments.out}\nto import them:\n")
        sys.stdout.write(f"{_import_loop(arguments.out, num_subjects, settings)}\n")
        return
    sys.stdout.write(f"data list: {arguments.out / DATALIST_FILE}\n")
    for section in SECTIONS:
        strata = {item[SUBJECT]: item.get(STRATUM) for item in datalist[section]}
        counts = Counter(strata.values())
        listing = ", ".join(f"{counts[stratum]} {stratum}" for stratum in (WITH_LESIONS, WITHOUT_LESIONS))
        sys.stdout.write(f"{section:<11}{len(strata):>3} subjects: {listing}\n")


def _import_loop(out: Path, num_subjects: int, settings: SimulationSettings) -> str:
    """A line for the shell that imports all subjects."""
    names = " ".join(subject_name(index) for index in range(num_subjects))
    folder = f"{shlex.quote(str(out))}/$name/{DICOM_FOLDER}"
    parts = [f"python -m preprocessing mr import --mdme {folder}/mdme"]
    parts += [f"--contrast {contrast}={folder}/{contrast}" for contrast in settings.protocols]
    parts += [f"--mask {folder}/brain.nii.gz", f"--lesions {folder}/lesions.nii.gz"]
    parts += [f"--subject $name --out {shlex.quote(f'{out if out.name else out.resolve()}-imported')}"]
    return f"for name in {names}; do {' '.join(parts)} || break; done"
