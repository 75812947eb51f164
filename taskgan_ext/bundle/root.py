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
    config = config_file(sys.argv)
    if config is not None:
        candidates.insert(0, config.absolute().parent.parent)
    return next(
        (str(folder) for folder in candidates if (folder / "configs" / "metadata.json").is_file()), "."
    )


def config_file(arguments: Sequence[str]) -> Path | None:
    """Find the first configuration file on a command line of ``monai.bundle``.

    Args:
        arguments: the words of the command line; the value may be a list literal of several files.

    Returns:
        The file, or ``None`` if there is none.
    """
    for position, word in enumerate(arguments):
        flag, _, value = word.partition("=")
        if flag.lstrip("-") == "config_file" and flag.startswith("--"):
            value = value or (arguments[position + 1] if position + 1 < len(arguments) else "")
            files = ast.literal_eval(value) if value.startswith(("[", "(")) else [value]
            return Path(str(files[0])) if files and files[0] else None
    return None
