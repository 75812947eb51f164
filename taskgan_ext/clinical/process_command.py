"""``python -m taskgan_ext.clinical process``."""

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from taskgan_ext.clinical.bundle_arguments import add_bundle_options, options_of
from taskgan_ext.clinical.interruption import interruption
from taskgan_ext.clinical.mercure_task import FAIL, REFUSALS, read_settings
from taskgan_ext.clinical.result import RESULT_FILE, StudyResult
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import write_json

DONE, REFUSED = 0, 2
MERCURE_IN, MERCURE_OUT = "MERCURE_IN_DIR", "MERCURE_OUT_DIR"
FOLDERS: Mapping[str, tuple[str, ...]] = {
    "IN": (MERCURE_IN, "MONAI_INPUTPATH", "HOLOSCAN_INPUT_PATH"),
    "OUT": (MERCURE_OUT, "MONAI_OUTPUTPATH", "HOLOSCAN_OUTPUT_PATH"),
}
"""Variables in which orchestrators name the folders, in the order in which they are asked."""


def add_process(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``process``.

    Args:
        commands: of the parser.
    """
    parser = commands.add_parser(
        "process",
        help="restore the scans of a folder, once",
        description=(
            "Read the DICOM files of a folder, restore the scans that the bundle applies to, and write "
            "derived series and result.json. Exit status: 0, something was written; 2, nothing was, and "
            "result.json says why; 1, a fault. Research use only, not for diagnosis."
        ),
    )
    for name, variables in FOLDERS.items():
        parser.add_argument(
            name.lower(), nargs="?", type=Path, metavar=name, help=f"folder; else that of {variables[0]}"
        )
    add_bundle_options(parser)
    parser.add_argument(
        "--refusal",
        choices=REFUSALS,
        default=FAIL,
        help="when nothing is written: exit status 2, or 0 and a result.json that tells Mercure to discard",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    # Here, so that the worker, which shares the command line, does without torch: its child has it.
    from taskgan_ext.clinical.open_bundle import open_bundle  # noqa: PLC0415
    from taskgan_ext.clinical.process import process_folder  # noqa: PLC0415

    in_dir, in_from = _folder(arguments, "IN")
    out_dir, out_from = _folder(arguments, "OUT")
    if in_from == MERCURE_IN:
        vars(arguments).update(read_settings(in_dir))
    options = replace(options_of(arguments), flat=out_from == MERCURE_OUT)
    with interruption.allowed():
        bundle = open_bundle(options)
    result = process_folder(in_dir, out_dir, bundle, options)
    sys.stdout.write("".join(f"{line}\n" for line in _lines(result)))
    if result.written:
        return DONE
    if arguments.refusal == FAIL:
        return REFUSED
    text = "; ".join(sorted({each.code or each.reason for each in result.series}))
    routing = {"__mercure_notification": {"text": text}, "__mercure_routing": {"discard": True}}
    write_json(out_dir / RESULT_FILE, result.to_dict() | routing)
    return DONE


def _folder(arguments: argparse.Namespace, name: str) -> tuple[Path, str]:
    """A folder, and the variable that named it; empty where the command line did."""
    given: Path | None = getattr(arguments, name.lower())
    if given is not None:
        return given, ""
    for variable in FOLDERS[name]:
        if os.environ.get(variable):
            return Path(os.environ[variable]), variable
    raise ConfigError(
        f"{name}: expected a folder on the command line or in {FOLDERS[name][0]}, found none; name one"
    )


def _lines(result: StudyResult) -> list[str]:
    lines = [
        f"{each.series or 'a file'}: {each.outcome}"
        + (f" {each.label}" if each.label else "")
        + (f", {each.code}" if each.code else "")
        + (f": {each.reason}" if each.reason else "")
        for each in result.series
    ]
    return [*lines, f"wrote {RESULT_FILE}; research use only, not for diagnosis"]
