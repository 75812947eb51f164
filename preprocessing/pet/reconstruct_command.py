"""``python -m preprocessing pet reconstruct``."""

import argparse
import sys
from pathlib import Path
from typing import get_args

from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.reconstruct.reconstruct_file import ReconstructionRequest, reconstruct_file
from preprocessing.pet.reconstruct.settings import Engine, ReconstructionSettings
from preprocessing.pet.reconstruct.sidecar import sidecar_path

_DEFAULTS = ReconstructionSettings()


def add_reconstruct(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``reconstruct``.

    Args:
        commands: of the parser of all PET commands.
    """
    parser = commands.add_parser(
        "reconstruct",
        help="reconstruct a list-mode file",
        description=(
            "Reconstruct a list-mode file to a NIfTI volume with a JSON sidecar. There is no correction of "
            "scatter, and normalisation is geometric: this is for methods work, not for diagnosis."
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="list-mode file, or header of a Siemens one")
    parser.add_argument("--out", type=Path, required=True, metavar="OUT.nii.gz", help="image to write")
    parser.add_argument(
        "--attenuation",
        type=Path,
        metavar="MU.nii.gz",
        help="attenuation map in 1/cm at 511 keV, in the frame of the scanner (default: no correction)",
    )
    _add_settings(parser)
    parser.add_argument("--picture", type=Path, metavar="PNG", help="write three slices as a picture as well")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.set_defaults(run=_run_reconstruct)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--engine",
        choices=get_args(Engine),
        default=_DEFAULTS.engine,
        help="2d: rebinned planes, for any counts (default); 3d: event by event, for few counts",
    )
    parser.add_argument(
        "--voxel-size",
        type=float,
        default=_DEFAULTS.voxel_size,
        metavar="MM",
        help=f"pixel edge (default: {_DEFAULTS.voxel_size})",
    )
    parser.add_argument(
        "--matrix",
        type=int,
        default=_DEFAULTS.matrix,
        metavar="N",
        help=f"pixels along x and y (default: {_DEFAULTS.matrix})",
    )
    parser.add_argument(
        "--iterations",
        type=int,
        metavar="N",
        help="default: 2, without time of flight 3 (2d); more where few counts bear few subsets",
    )
    parser.add_argument(
        "--subsets",
        type=int,
        metavar="N",
        help="default: 28, without time of flight 12 (2d); 14 (3d); fewer for few counts",
    )
    parser.add_argument(
        "--post-filter",
        type=float,
        default=_DEFAULTS.post_filter,
        metavar="MM",
        help=f"FWHM of the Gaussian afterwards, 0 for none (default: {_DEFAULTS.post_filter})",
    )
    parser.add_argument(
        "--calibration", type=float, metavar="F", help="Bq/ml per unit of the image (default: arbitrary unit)"
    )
    parser.add_argument(
        "--dose",
        type=float,
        metavar="P",
        help="share of the events that thinning kept, so that values are those of the full scan (default: "
        "from the report of pet thin beside FILE, otherwise 1)",
    )
    parser.add_argument(
        "--duration", type=float, metavar="S", help="seconds of the scan (default: from the file)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="threads (default: one per core)")


def _run_reconstruct(arguments: argparse.Namespace) -> None:
    names = ReconstructionSettings.__dataclass_fields__
    settings = ReconstructionSettings(**{name: getattr(arguments, name) for name in names})
    request = ReconstructionRequest(
        arguments.out, arguments.attenuation, arguments.picture, arguments.overwrite
    )
    content = reconstruct_file(open_listmode(arguments.file), request, settings)
    prompts = content["Prompts"]
    lines = [
        f"image: {arguments.out}, {content['ReconMethodName']}, unit: {content['Units']}",
        f"prompts: {prompts['used']} of {prompts['total']} used, "
        f"{prompts['outside_view']} outside the field of view"
        + (f", {prompts['outside_tof']} outside the time-of-flight bins" if prompts["outside_tof"] else ""),
        f"dose fraction: {content['DoseFraction']:g} ({content['DoseFractionFrom']})",
        "iterations x subsets: {} x {}".format(*content["ReconMethodParameterValues"]),
        *(f"notice: {text}" for text in content["Notices"]),
        f"what the reconstruction leaves out: {sidecar_path(arguments.out)}, Simplifications",
    ]
    if arguments.picture is None:
        lines.append("look at it: give --picture PNG, or open the image in a viewer")
    else:
        lines.append(f"picture: {arguments.picture}")
    sys.stdout.write("\n".join(lines) + "\n")
