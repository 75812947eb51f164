"""``python -m preprocessing MODALITY COMMAND ...``: make training pairs."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from taskgan_ext.errors import DependencyError, TaskGANError

MODALITIES = {
    "pet": "amyloid PET at a fraction of the dose",
    "mr": "six MR contrasts from one MDME acquisition",
    "face": "faces with identities",
}
"""Sub-packages with a module ``cli`` that offers ``build_parser(prog)``."""
EXTRAS = {"pet": "simulate", "mr": "mr", "face": "face"}
"""The optional packages that each of them needs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: command line without the program's name; by default that of the process.

    Returns:
        Exit status: 0 done, 2 a mistake of the user or a file that the system does not give (told in one
        line), 130 interrupted.
    """
    listing = "\n".join(f"  {name:<8}{text}" for name, text in MODALITIES.items())
    parser = argparse.ArgumentParser(
        prog="python -m preprocessing",
        description="Make training pairs from raw data or from an embedded simulator.",
        epilog=f"modalities:\n{listing}\n\nMore: python -m preprocessing MODALITY --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("modality", choices=MODALITIES, metavar="MODALITY", help="see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="COMMAND ...", help="what to do")
    chosen = parser.parse_args(arguments)
    try:
        # Only the modality in use is imported: each needs optional packages of its own.
        cli = _import_cli(chosen.modality)
        command = cli.build_parser(f"{parser.prog} {chosen.modality}").parse_args(chosen.rest)
        command.run(command)
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
    return 0


def _import_cli(modality: str) -> ModuleType:
    try:
        return importlib.import_module(f"preprocessing.{modality}.cli")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("preprocessing", "taskgan_ext"):
            raise
        raise DependencyError(
            f"preprocessing {modality} needs the package {package!r}, which is not installed; "
            f'run: pip install "taskgan-ext[{EXTRAS[modality]}]"'
        ) from None


if __name__ == "__main__":
    sys.exit(main())
