"""``python -m preprocessing run COHORT.toml``."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from preprocessing.cohort import DATALIST_FILE
from preprocessing.run.case_report import failure_table
from preprocessing.run.cohort_file import read_cohort_file
from preprocessing.run.kinds import KINDS
from preprocessing.run.run_cohort import RUN_FILE, THREADS, run_cohort


def build_parser(prog: str) -> argparse.ArgumentParser:
    """Build the parser; the parsed arguments carry the function ``run``.

    Args:
        prog: how the user called the program, for messages.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description=(
            "Do the same with every subject of a table. A case that fails is listed with its reason and "
            "stops no other; the same command again does only what is missing, failed or has changed. Exit "
            "status: 0 all done, 1 some failed, 2 the file cannot be run."
        ),
        epilog=f"kinds of cases: {', '.join(KINDS)}",
    )
    parser.add_argument("cohort", type=Path, metavar="COHORT.toml", help="what to do with whom")
    parser.add_argument(
        "--scheduler",
        default=THREADS,
        metavar=f"{THREADS}|dask://HOST:PORT",
        help=f"this machine, or a Dask cluster that is running (default: {THREADS})",
    )
    parser.add_argument(
        "--workers", type=int, help="cases at once (default: 1, or as many as the cluster takes)"
    )
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    cohort = read_cohort_file(arguments.cohort)
    result = run_cohort(cohort, arguments.scheduler, arguments.workers)
    states = Counter(report.state for report in result.reports)
    counts = ", ".join(f"{states[state]} {state}" for state in ("done", "skipped", "failed"))
    lines = [f"{len(result.reports)} cases: {counts}; details: {cohort.out / RUN_FILE}"]
    if any(result.sections.values()):
        sizes = ", ".join(f"{len(members)} {section}" for section, members in result.sections.items())
        lines.append(f"data list: {cohort.out / DATALIST_FILE} ({sizes})")
    lines += failure_table(result.reports)
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if states["failed"] else 0
