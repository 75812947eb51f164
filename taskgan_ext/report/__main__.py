"""``python -m taskgan_ext.report DIR [--out report.html]``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from taskgan_ext.errors import TaskGANError
from taskgan_ext.io.atomic import atomic_path
from taskgan_ext.io.summary_text import format_summary
from taskgan_ext.report.page import build_page
from taskgan_ext.report.results import read_results


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report of an evaluation folder and print its short table.

    Args:
        arguments: command line; ``None`` takes that of the process.

    Returns:
        Exit code: 0, or 2 when the input is missing or wrong.
    """
    parser = argparse.ArgumentParser(
        prog="python -m taskgan_ext.report",
        description="Write one self-contained HTML page of an evaluation.",
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="holds cases.csv, summary.csv, evaluation.json"
    )
    parser.add_argument("--out", type=Path, help="the page to write (default: DIR/report.html)")
    options = parser.parse_args(arguments)
    out = options.out or options.folder / "report.html"
    try:
        results = read_results(options.folder)
        page = build_page(results)
    except TaskGANError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with atomic_path(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    sys.stdout.write(f"{format_summary(results.summary, results.metrics)}\n\n{out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
