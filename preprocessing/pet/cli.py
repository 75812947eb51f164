"""``python -m preprocessing pet ...``."""

import argparse

from preprocessing.pet.example_command import add_example
from preprocessing.pet.import_command import add_import
from preprocessing.pet.info_command import add_info
from preprocessing.pet.reconstruct_command import add_reconstruct
from preprocessing.pet.simulate_command import add_simulate
from preprocessing.pet.suv_command import add_suv
from preprocessing.pet.thin_command import add_thin


def build_parser(prog: str) -> argparse.ArgumentParser:
    """Build the parser of all PET commands; the parsed arguments carry the function ``run``.

    Args:
        prog: how the user called the program, for messages.
    """
    parser = argparse.ArgumentParser(
        prog=prog, description="Low-dose PET pairs, simulated or from real data, and list-mode files."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    add_simulate(commands)
    add_info(commands)
    add_thin(commands)
    add_reconstruct(commands)
    add_import(commands)
    add_example(commands)
    add_suv(commands)
    return parser
