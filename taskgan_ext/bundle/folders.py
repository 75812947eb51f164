"""Refuse folders that a run cannot use, before anything is trained."""

import os
from collections.abc import Sequence
from pathlib import Path

from monai.bundle import ConfigParser

from taskgan_ext.bundle.command_line import CommandLine, read_command_line
from taskgan_ext.errors import ConfigError

WRITTEN = ("ckpt_dir", "task_ckpt_dir", "output_dir")


def check_folders(arguments: Sequence[str]) -> None:
    """Check the folder of the bundle and those that a run writes to.

    Args:
        arguments: as for ``check_overrides``.

    Raises:
        ConfigError: ``--bundle_root`` is no bundle, or a folder cannot be made or written.
    """
    line = read_command_line(arguments)
    if line is None:
        return
    parser = line.effective()
    if "bundle_root" in line.given:
        _check_root(line.given["bundle_root"])
    for name in _written(line, parser):
        _check_written(name, _folder(parser, name))


def _check_root(root: object) -> None:
    if not (Path(str(root)) / "configs" / "metadata.json").is_file():
        raise ConfigError(
            f"--bundle_root: expected the folder of a bundle, with configs/metadata.json, got {root}; leave "
            "it out for the folder of the first --config_file"
        )


def _written(line: CommandLine, parser: ConfigParser) -> list[str]:
    # An evaluation only reads the weights of G.
    is_evaluation = any(file.name == "evaluate.json" for file in line.files)
    return [name for name in WRITTEN if name in parser and not (is_evaluation and name == "ckpt_dir")]


def _folder(parser: ConfigParser, name: str) -> object:
    try:
        return parser.get_parsed_content(name)
    except Exception:  # noqa: BLE001  # of any kind; it ends the run in a moment, and is told then
        return "."


def _check_written(name: str, folder: object) -> None:
    if not isinstance(folder, str | os.PathLike):
        raise ConfigError(f"{name}: expected a folder, got {folder!r}; give its path")
    path = Path(folder).absolute()
    existing = next(each for each in (path, *path.parents) if each.exists())
    if not existing.is_dir():
        raise ConfigError(
            f"{name}: expected a folder, got {folder}, but {existing} is a file; give another one"
        )
    # Another run may have trained T already, for everybody to read.
    is_shared = name == "task_ckpt_dir" and existing == path
    if not is_shared and not os.access(existing, os.W_OK | os.X_OK):
        raise ConfigError(
            f"{name}: expected a folder that can be written, got {folder}, but nothing can be written to "
            f"{existing}; give another one"
        )
