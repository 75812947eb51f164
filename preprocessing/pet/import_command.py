"""``python -m preprocessing pet import``."""

import argparse
import sys
from pathlib import Path

from preprocessing.imported_datalist import DATALIST_FILE
from preprocessing.pet.import_request import PetImportRequest
from preprocessing.pet.import_subject import PetImportResult, import_subject
from taskgan_ext.errors import ConfigError
from taskgan_ext.keys import SECTIONS, SUBJECT

_PATCH = 32
"""Sides of a crop are multiples of it: five levels of G halve the image five times."""


def add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``import``.

    Args:
        commands: of the parser of all PET commands.
    """
    parser = commands.add_parser(
        "import",
        help="import one subject: a low-dose and a full-dose image of the same scan",
        description=(
            "Import one subject from DICOM or NIfTI: check that the images fit one another, take identifying "
            "attributes out, and add the pair to the data list of the folder."
        ),
    )
    parser.add_argument(
        "--low",
        type=Path,
        required=True,
        action="append",
        metavar="PATH",
        help="low-dose image: folder of a DICOM series, or NIfTI; again for further realisations",
    )
    parser.add_argument("--full", type=Path, required=True, metavar="PATH", help="full-dose image, likewise")
    parser.add_argument(
        "--full-series",
        metavar="UID",
        help="SeriesInstanceUID of the full dose, where its folder has several",
    )
    parser.add_argument(
        "--low-series",
        action="append",
        default=[],
        metavar="[NAME=]UID",
        help="likewise; NAME is low (default), low-2, ... in the order of --low",
    )
    parser.add_argument(
        "--property",
        type=float,
        required=True,
        metavar="Y",
        help="amyloid status: 0 negative, 1 positive, between where readers disagree",
    )
    parser.add_argument("--subject", default="sub-01", help="name of the subject (default: sub-01)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    parser.add_argument("--regions", type=Path, help="label map on the same grid, for SUVR")
    parser.add_argument("--suv", action="store_true", help="write SUV by body weight; needs DICOM")
    parser.add_argument(
        "--low-scale",
        type=float,
        default=1.0,
        metavar="F",
        help="multiply low-dose values, e.g. 100 where 1 %% was reconstructed as if it were the full dose",
    )
    parser.add_argument(
        "--key-file", type=Path, help="secret of the pseudonyms (default: a random one that nobody keeps)"
    )
    parser.add_argument(
        "--keep-identity", action="store_true", help="write UIDs and date of the series into the sidecar"
    )
    parser.add_argument(
        "--section", choices=SECTIONS, help="of the data list (default: the one that lacks most)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a subject of that name")
    parser.set_defaults(run=_run_import)


def _run_import(arguments: argparse.Namespace) -> None:
    names = ["low", *(f"low-{number}" for number in range(2, len(arguments.low) + 1))]
    result = import_subject(
        PetImportRequest(
            full=arguments.full,
            low=dict(zip(names, arguments.low, strict=True)),
            value=arguments.property,
            out=arguments.out,
            subject=arguments.subject,
            regions=arguments.regions,
            suv=arguments.suv,
            low_scale=arguments.low_scale,
            key_file=arguments.key_file,
            keep_identity=arguments.keep_identity,
            section=arguments.section,
            overwrite=arguments.overwrite,
            series=_series(arguments),
        )
    )
    sys.stdout.write("\n".join(_report(result)) + "\n")


def _series(arguments: argparse.Namespace) -> dict[str, str]:
    series = {} if arguments.full_series is None else {"full": arguments.full_series}
    for text in arguments.low_series:
        name, _, uid = text.rpartition("=")
        if (name or "low") in series:
            raise ConfigError(f"--low-series: expected one series for {name or 'low'}, got several")
        series[name or "low"] = uid
    return series


def _report(result: PetImportResult) -> list[str]:
    name = result.folder.name
    home = next(s for s in SECTIONS if any(item[SUBJECT] == name for item in result.datalist[s]))
    columns, rows, slices = result.shape
    side = max(_PATCH, min(columns, rows) // _PATCH * _PATCH)
    return [
        f"subject:   {result.folder}, {columns} x {rows} x {slices} voxels, {result.unit}",
        *(f"{part:<11}mean {ratio:.3f} of the full dose" for part, ratio in result.mean_ratio.items()),
        *(f"notice: {text}" for text in result.notices),
        f"picture:   {result.folder / f'{name}_pair.png'}",
        f"data list: {result.folder.parent / DATALIST_FILE} ({home})",
        f"to train on volumes of this size: --slices '[0,{slices - 1}]' --crop '[{side},{side},-1]'",
    ]
