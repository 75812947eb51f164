"""``python -m taskgan_ext.clinical``: restored series for a PACS."""

import argparse
import logging
import sys
from collections.abc import Sequence

from taskgan_ext.clinical.audit import logger as audit_logger
from taskgan_ext.clinical.process_command import add_process
from taskgan_ext.errors import TaskGANError

FAULT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: of the command line.

    Returns:
        Exit status: 0, done; 2, refused; 1, a fault, with one line on stderr.
    """
    parser = argparse.ArgumentParser(
        prog="python -m taskgan_ext.clinical",
        description="Restored series for a PACS. Research use only, not for diagnosis.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_process(commands)
    given = parser.parse_args(arguments)
    _audit_to_stderr()
    try:
        return int(given.run(given))
    except (TaskGANError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return FAULT
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        return FAULT


def _audit_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    audit_logger.handlers = [handler]
    audit_logger.setLevel(logging.INFO)
    audit_logger.propagate = False


if __name__ == "__main__":
    sys.exit(main())
