"""``python -m preprocessing mr import``."""

import argparse
import sys
from pathlib import Path

from preprocessing.imported_datalist import DATALIST_FILE
from preprocessing.mr.contrast_arguments import contrast_parser, paths_by_contrast
from preprocessing.mr.import_request import ImportRequest
from preprocessing.mr.import_subject import ImportResult, import_subject
from taskgan_ext.keys import SECTIONS, SUBJECT
from taskgan_ext.mr.protocol import CONTRASTS

ALMOST_ALL = 0.95
"""Share of a lesion mask from which on the rest is not worth a notice."""


def add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``import``.

    Args:
        commands: of the parser of all MR commands.
    """
    parser = commands.add_parser(
        "import",
        help="import one scanned subject: MDME and conventional contrasts",
        description=(
            "Import one subject from DICOM or NIfTI: fit maps, find the brain, register the conventional "
            "scans to the MDME images and add the subject to the data list of the folder. Without any "
            "--contrast the subject is prepared for inference only."
        ),
    )
    parser.add_argument("--mdme", type=Path, required=True, help="MDME acquisition: DICOM folder, or NIfTI")
    parser.add_argument(
        "--contrast",
        type=contrast_parser(CONTRASTS),
        action="append",
        default=[],
        metavar="NAME=PATH",
        help=f"a conventional scan, DICOM folder or NIfTI; once for each of {', '.join(CONTRASTS)}",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    parser.add_argument("--subject", default="sub-01", help="name of the subject (default: sub-01)")
    parser.add_argument("--lesions", type=Path, help="lesion mask, on the grid of any of the scans")
    parser.add_argument("--mask", type=Path, help="brain mask (default: found in the maps)")
    parser.add_argument(
        "--td", type=parse_times, metavar="S,S,...", help="delays in s, where the files do not tell"
    )
    parser.add_argument(
        "--te", type=parse_times, metavar="S,S", help="echo times in s, where the files do not tell"
    )
    parser.add_argument("--tr", type=float, metavar="S", help="repetition time in s, likewise")
    parser.add_argument(
        "--protocols", type=Path, help="JSON table of TR, TE and TI for scans whose files do not tell"
    )
    parser.add_argument(
        "--no-register", action="store_true", help="trust the scanner's frame and move no scan"
    )
    parser.add_argument(
        "--section", choices=SECTIONS, help="of the data list (default: the one that lacks most)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a subject of that name")
    parser.set_defaults(run=_run_import)


def parse_times(text: str) -> tuple[float, ...]:
    """Parse ``0.146,0.546``.

    Args:
        text: seconds, separated by commas.

    Raises:
        ArgumentTypeError: it holds something else.
    """
    try:
        return tuple(float(time) for time in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected seconds such as 0.146,0.546, got {text!r}") from None


def _run_import(arguments: argparse.Namespace) -> None:
    contrasts = paths_by_contrast(arguments.contrast)
    result = import_subject(
        ImportRequest(
            mdme=arguments.mdme,
            out=arguments.out,
            contrasts=contrasts,
            subject=arguments.subject,
            lesions=arguments.lesions,
            brain=arguments.mask,
            delays=arguments.td,
            echo_times=arguments.te,
            repetition_time=arguments.tr,
            protocols=arguments.protocols,
            register=not arguments.no_register,
            section=arguments.section,
            overwrite=arguments.overwrite,
        )
    )
    sys.stdout.write("\n".join(_report(result)) + "\n")


def _report(result: ImportResult) -> list[str]:
    lines = [f"subject: {result.folder}"]
    for name, record in result.records.items():
        state = f"moved by {record.mean_corner_shift:.1f} mm" if record.accepted else "left in place"
        lines.append(f"{name:<9}{state}: {record.reason}")
    lines += [f"notice: {text}" for text in result.notices]
    if result.other_frames:
        lines.append(
            f"notice: {', '.join(result.other_frames)} and the MDME images name different scanner frames; "
            "look at the checkerboards"
        )
    if result.lesion_share is not None and result.lesion_share < ALMOST_ALL:
        lines.append(
            f"notice: only {result.lesion_share:.0%} of the lesion mask lies in the brain; the rest is left "
            "out"
        )
    if result.records and result.lesion_share is None:
        lines.append(
            "notice: no --lesions were given; a task network that segments learns that there are none here"
        )
    if not result.records:
        return [*lines, "no --contrast was given: the subject is ready for inference, not in the data list"]
    if result.datalist is not None:
        subject = result.folder.name
        home = next(s for s in SECTIONS if any(item[SUBJECT] == subject for item in result.datalist[s]))
        lines.append(f"data list: {result.folder.parent / DATALIST_FILE} ({home})")
    return lines
