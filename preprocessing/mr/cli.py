"""``python -m preprocessing mr ...``."""

import argparse

from preprocessing.mr.import_command import add_import
from preprocessing.mr.simulate_command import add_simulate
from preprocessing.mr.synthesise_command import add_synthesise
from preprocessing.mr.tissues_command import add_tissues


def build_parser(prog: str) -> argparse.ArgumentParser:
    """Build the parser of all MR commands; the parsed arguments carry the function ``run``.

    Args:
        prog: how the user called the program, for messages.
    """
    parser = argparse.ArgumentParser(
        prog=prog, description="MDME acquisitions, relaxation maps and conventional contrasts."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    add_simulate(commands)
    add_import(commands)
    add_synthesise(commands)
    add_tissues(commands)
    return parser
