"""What a command must not replace unasked."""

from collections.abc import Iterable
from pathlib import Path

from taskgan_ext.errors import DataError


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
