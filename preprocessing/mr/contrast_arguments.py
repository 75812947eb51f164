"""The option ``--contrast NAME=PATH`` of the MR commands."""

import argparse
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from taskgan_ext.errors import ConfigError


def contrast_parser(names: Collection[str]) -> Callable[[str], tuple[str, Path]]:
    """Make the type of the option, for ``add_argument``.

    Args:
        names: contrasts that the command takes.

    Returns:
        A function from ``NAME=PATH`` to name and path; it raises ``ArgumentTypeError`` for anything else.
    """

    def parse(text: str) -> tuple[str, Path]:
        name, equals, path = text.partition("=")
        if not (name and equals and path):
            raise argparse.ArgumentTypeError(f"expected NAME=PATH such as T1w=scans/t1, got {text!r}")
        if name not in names:
            raise argparse.ArgumentTypeError(f"expected a contrast among {', '.join(names)}, got {name!r}")
        return name, Path(path)

    return parse


def paths_by_contrast(given: Sequence[tuple[str, Path]]) -> dict[str, Path]:
    """Gather the options of one command line.

    Args:
        given: name and path of each.

    Returns:
        Contrast to path, in the order given.

    Raises:
        ConfigError: a contrast is named twice.
    """
    names = [name for name, _ in given]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConfigError(f"--contrast: expected each contrast once, got {repeated[0]} twice")
    return dict(given)
