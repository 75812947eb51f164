"""``python -m preprocessing deidentify``."""

import argparse
import re
import sys
from collections import Counter
from pathlib import Path

from preprocessing.deidentify.folder import REPORT_FILE, Deidentified, deidentify_folder
from preprocessing.deidentify.secret_key import is_private, make_key, read_key
from taskgan_ext.errors import ConfigError

SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def build_parser(prog: str) -> argparse.ArgumentParser:
    """Build the parser; the parsed arguments carry the function ``run``.

    Args:
        prog: how the user called the program, for messages.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description=(
            "Take the identity of patients out of PET and MR images. Names, identifiers, UIDs and all free "
            "text go or are replaced, dates move back by whole days, times of day, weight and dose stay: SUV "
            "is the same before and after. Pixels keep their numbers: a head can be known by its face. "
            "One file that cannot be read stops the whole folder."
        ),
    )
    parser.add_argument("folder", type=Path, metavar="DICOM_DIR", help="searched with its subfolders")
    parser.add_argument(
        "--key-file",
        type=Path,
        required=True,
        metavar="FILE",
        help="secret of the pseudonyms; the same key gives the same ones. Whoever has it can find out whose "
        "they are: keep it apart from the images",
    )
    parser.add_argument("--new-key", action="store_true", help="make the key file")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new or empty folder")
    parser.add_argument(
        "--subject",
        metavar="NAME",
        help="stands for the one patient of the folder (default: a name made from the key and PatientID)",
    )
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> None:
    subject = arguments.subject
    if subject is not None and not SUBJECT.fullmatch(subject):
        raise ConfigError(
            f"--subject: expected 1 to 64 letters, digits, hyphens and underscores, got {subject!r}"
        )
    if arguments.new_key:
        make_key(arguments.key_file)
    key = read_key(arguments.key_file)
    if not is_private(arguments.key_file):
        sys.stderr.write(f"notice: {arguments.key_file} can be read by others; run: chmod 600 on it\n")
    done = deidentify_folder(arguments.folder, arguments.out, key, subject)
    sys.stdout.write("\n".join(_report(done, arguments.out)) + "\n")


def _report(done: Deidentified, out: Path) -> list[str]:
    totals: Counter[str] = Counter()
    for counts in done.changes.values():
        totals.update(counts)
    lines = [
        f"de-identified: {out}",
        f"{done.num_images} images in {len(done.series)} series of {', '.join(done.subjects)}",
        f"elements: {', '.join(f'{count} {action}' for action, count in sorted(totals.items()))}; "
        f"by name in {REPORT_FILE}",
    ]
    for series in done.series:
        if "suv_before" in series:
            lines.append(f"SUV of {series['folder']}: {_suv(series['suv_before'])}, before and after")
    return lines


def _suv(outcome: dict[str, object]) -> str:
    if "factor" in outcome:
        return f"factor {outcome['factor']:.6g} g/ml per unit ({outcome['rule']})"
    return f"cannot be computed ({outcome['refused']})"
