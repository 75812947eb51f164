"""``python -m preprocessing face ...``."""

import argparse

from preprocessing.face.import_command import add_import
from preprocessing.face.pairs_command import add_pairs
from preprocessing.face.simulate_command import add_simulate


def build_parser(prog: str) -> argparse.ArgumentParser:
    """Build the parser of all face commands; the parsed arguments carry the function ``run``.

    Args:
        prog: how the user called the program, for messages.
    """
    parser = argparse.ArgumentParser(prog=prog, description="Faces with identities, and pairs of them.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    add_simulate(commands)
    add_import(commands)
    add_pairs(commands)
    return parser
