"""``python -m preprocessing pet info``."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from preprocessing.existing_output import check_absent, check_no_input
from preprocessing.pet.listmode.listmode_file import ListModeFile
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.listmode.survey import Survey
from preprocessing.pet.rate_chart import check_picture, draw_rate, save_rate_chart


def add_info(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``info``.

    Args:
        commands: of the parser of all PET commands.
    """
    parser = commands.add_parser(
        "info",
        help="tell what is in a list-mode file, and check it",
        description=(
            "Read a list-mode file once: scanner, counts, count rate over time and checks. Formats: PETSIRD "
            "0.12, Siemens PETLINK 32 bit (.l with its header), GE RDF9 (experimental) and the simulator's."
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="list-mode file, or header of a Siemens one")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="write a picture of the count rate")
    parser.add_argument("--overwrite", action="store_true", help="replace a picture that is there")
    parser.set_defaults(run=_run_info)


def _run_info(arguments: argparse.Namespace) -> None:
    file = open_listmode(arguments.file)
    if arguments.plot is not None:
        check_picture(arguments.plot)
        check_no_input([arguments.plot], file.inputs)
        check_absent([arguments.plot], arguments.overwrite, "another name with --plot")
    with tqdm(total=file.path.stat().st_size, unit="B", unit_scale=True, leave=False) as progress:
        survey = file.survey(progress.update)
    if arguments.plot is not None:
        save_rate_chart(survey.rate, arguments.plot, file.format)
    if arguments.json:
        sys.stdout.write(json.dumps(_to_dict(file, survey), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_to_text(file, survey)) + "\n")


def _to_dict(file: ListModeFile, survey: Survey) -> dict[str, Any]:
    return {
        "format": file.format,
        "experimental": file.experimental,
        "facts": file.facts(),
        "warnings": list(file.warnings),
        **survey.to_dict(),
    }


def _to_text(file: ListModeFile, survey: Survey) -> list[str]:
    facts = {name: value for name, value in file.facts().items() if name != "history"}
    counts = survey.counts
    return [
        f"file: {file.path}",
        f"format: {file.format}" + (" (experimental)" if file.experimental else ""),
        *(f"{name}: {_plain(value)}" for name, value in facts.items()),
        f"prompts: {counts.prompts}",
        f"delayeds: {counts.delayeds}",
        *(f"{name}: {number}" for name, number in survey.tags.items()),
        f"duration: {survey.duration_ms / 1000:g} s",
        "",
        *draw_rate(survey.rate),
        "",
        *(f"{check.verdict:<8}{check.name}: {check.text}" for check in survey.checks),
        *(f"notice: {text}" for text in file.warnings),
    ]


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.9g}"
    return value if isinstance(value, str) else json.dumps(value)
