"""Packages that only some files or formats need, loaded when the first of these is met."""

import importlib
from types import ModuleType

from taskgan_ext.errors import DependencyError


def load_optional(module: str, needed_for: str, install: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        module: its dotted name.
        needed_for: what needs it, for the message.
        install: what pip installs it by, such as ``"scipy"``.

    Returns:
        The module.

    Raises:
        DependencyError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise DependencyError(
            f'{needed_for} needs {package}; install it with: pip install "{install}"'
        ) from None
