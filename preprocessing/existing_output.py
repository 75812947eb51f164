"""What a command must not replace: files that its user did not give up, and its own inputs."""

from collections.abc import Iterable
from pathlib import Path

from taskgan_ext.errors import ConfigError, DataError


def check_absent(paths: Iterable[Path], overwrite: bool, instead: str = "another place with --out") -> None:
    """Check that a command replaces nothing that its user did not give up.

    Args:
        paths: files that will be written.
        overwrite: whether the user said that they may be replaced.
        instead: what the user can choose.

    Raises:
        DataError: one of them is there, and may not be replaced.
    """
    for path in paths:
        if path.exists() and not overwrite:
            raise DataError(f"{path} is there already; choose {instead}, or replace it with --overwrite")


def check_no_input(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Check that a command writes to none of the files that it reads, nor to one of its outputs twice.

    Args:
        outputs: files that will be written.
        inputs: files that are read, or may be; links to them count, too.

    Raises:
        ConfigError: an output is an input or another output, which no option allows.
    """
    taken = {path.resolve() for path in inputs}
    for path in outputs:
        if path.resolve() in taken:
            raise ConfigError(f"{path} is read or written by the same command; choose another output")
        taken.add(path.resolve())
