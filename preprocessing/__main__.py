"""``python -m preprocessing COMMAND ...``: make training pairs."""

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

from preprocessing.needed_module import import_needed
from taskgan_ext.errors import TaskGANError


class _Command(NamedTuple):
    """What a command does, its module with ``build_parser(prog)``, and the extra that it needs."""

    text: str
    module: str
    extra: str


COMMANDS = {
    "pet": _Command("amyloid PET at a fraction of the dose", "preprocessing.pet.cli", "pet"),
    "mr": _Command("six MR contrasts from one MDME acquisition", "preprocessing.mr.cli", "mr"),
    "face": _Command("faces with identities", "preprocessing.face.cli", "face"),
    "deidentify": _Command(
        "DICOM images without the identity of their patients", "preprocessing.deidentify.cli", "dicom"
    ),
    "run": _Command("the same for every subject of a table", "preprocessing.run.cli", "cluster"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: command line without the program's name; by default that of the process.

    Returns:
        Exit status: 0 done, 1 some of several cases failed, 2 a mistake of the user or a file that the system
        does not give (told in one line), 130 interrupted.
    """
    width = max(map(len, COMMANDS)) + 2
    listing = "\n".join(f"  {name:<{width}}{command.text}" for name, command in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m preprocessing",
        description="Make training pairs from raw data or from an embedded simulator.",
        epilog=f"commands:\n{listing}\n\nMore: python -m preprocessing COMMAND --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="what to do")
    chosen = parser.parse_args(arguments)
    try:
        # Only the command in use is imported: each needs optional packages of its own.
        command = COMMANDS[chosen.command]
        cli = import_needed(command.module, f"preprocessing {chosen.command}", command.extra)
        given = cli.build_parser(f"{parser.prog} {chosen.command}").parse_args(chosen.rest)
        # Most commands succeed or raise; where there are several cases, some may fail.
        status: int | None = given.run(given)
    except TaskGANError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except OSError as error:
        where = "" if error.filename is None else f"{error.filename}: "
        sys.stderr.write(f"error: {where}{error.strerror or ' '.join(map(str, error.args))}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; give the same command again: complete subjects are kept\n")
        return 130
    return status or 0


if __name__ == "__main__":
    sys.exit(main())
