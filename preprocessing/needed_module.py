"""Modules of ours that need optional packages, imported when they are used."""

import importlib
from types import ModuleType

from taskgan_ext.errors import DependencyError


def import_needed(module: str, what: str, extra: str) -> ModuleType:
    """Import a module; where a package is missing, say what to install.

    Args:
        module: its dotted name.
        what: what the user asked for, for the message.
        extra: the optional packages that it needs.

    Raises:
        DependencyError: one of them is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("preprocessing", "taskgan_ext"):
            raise
        raise DependencyError(
            f"{what} needs the package {package!r}, which is not installed; "
            f'run: pip install "taskgan-ext[{extra}]"'
        ) from None
