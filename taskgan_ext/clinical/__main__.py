"""``python -m taskgan_ext.clinical``: restored series for a PACS."""

import argparse
import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from taskgan_ext.clinical.audit import logger as audit_logger
from taskgan_ext.clinical.interruption import interruption
from taskgan_ext.clinical.process_command import add_process
from taskgan_ext.clinical.worker.worker_command import add_worker
from taskgan_ext.errors import TaskGANError

FAULT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: of the command line.

    Returns:
        Exit status: 0, done; 2, refused; 1, a fault, with one line on stderr.
    """
    parser: argparse.ArgumentParser = _Parser(
        prog="python -m taskgan_ext.clinical",
        description="Restored series for a PACS. Research use only, not for diagnosis.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_process(commands)
    add_worker(commands)
    given = parser.parse_args(arguments)
    _audit_to_stderr()
    try:
        return int(given.run(given))
    except KeyboardInterrupt:
        fault = "interrupted"
    except Exception as error:  # noqa: BLE001 - a traceback may quote headers, and logs are read by many
        fault = _describe(error)
    sys.stderr.write(f"error: {fault}\n")
    return FAULT


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """A wrong command line is a fault; the exit status of argparse means a refusal here."""
        self.print_usage(sys.stderr)
        self.exit(FAULT, f"error: {message}\n")


def _describe(error: Exception) -> str:
    """What went wrong, without what a file says: of an error of programming its kind and place only."""
    found = error if isinstance(error, TaskGANError) else _known_cause(error)
    if found is not None:
        return str(found)
    if isinstance(error, OSError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"{type(error).__name__} in {place.name}, {Path(place.filename).name} line {place.lineno}; please "
        "report it"
    )


def _known_cause(error: Exception) -> TaskGANError | None:
    # Here, since this imports torch, which the worker does without.
    from taskgan_ext.bundle.messages import find_user_error  # noqa: PLC0415

    return find_user_error(error)


def _audit_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    audit_logger.handlers = [handler]
    audit_logger.setLevel(logging.INFO)
    audit_logger.propagate = False


if __name__ == "__main__":
    interruption.listen()
    sys.exit(main())
