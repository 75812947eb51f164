"""Find the folder of the bundle that a command line names, from any working directory."""

import ast
import sys
from collections.abc import Sequence
from pathlib import Path


def find_bundle_root(name: str) -> str:
    """Give the folder of a bundle, the value of ``bundle_root`` in its configuration.

    MONAI tells a configuration nothing about where it lies, so the folder is looked for in this order: the
    parent of ``configs/`` of the first ``--config_file`` on the command line, the working directory,
    ``bundles/<name>`` below it. ``--bundle_root`` overrides all of it, as do MONAI Label and Deploy.

    Args:
        name: folder name of the bundle.

    Returns:
        The first of these folders that holds ``configs/metadata.json``; ``"."`` if none does.
    """
    candidates = [Path.cwd(), Path("bundles") / name]
    files = config_files(sys.argv)
    if files:
        candidates.insert(0, files[0].absolute().parent.parent)
    return next(
        (str(folder) for folder in candidates if (folder / "configs" / "metadata.json").is_file()), "."
    )


def config_files(arguments: Sequence[str]) -> list[Path]:
    """Find the configuration files on a command line of ``monai.bundle``.

    Args:
        arguments: the words of the command line; the value may be a list literal of several files, or
            several files with commas between them.

    Returns:
        The files in their order; none if there is no ``--config_file``.
    """
    value = option_value(arguments, "config_file") or ""
    if value.startswith(("[", "(")):
        return [Path(str(file)) for file in ast.literal_eval(value)]
    files = value.split(",") if "," in value and not Path(value).is_file() else [value]
    return [Path(file) for file in files if file]


def option_value(arguments: Sequence[str], name: str) -> str | None:
    """Find the value of an option, ``--name value`` or ``--name=value``.

    Args:
        arguments: the words of a command line.
        name: the option, without dashes.

    Returns:
        The first value, or ``None`` without the option or its value.
    """
    for position, word in enumerate(arguments):
        flag, equals, value = word.partition("=")
        # fire takes one dash or two, and reads "-" within a name as "_".
        if flag.startswith("-") and flag.lstrip("-").replace("-", "_") == name:
            following = arguments[position + 1 : position + 2]
            return value if equals else next(iter(following), None)
    return None
