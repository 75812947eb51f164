"""Refuse settings on the command line that no configuration file knows; MONAI accepts them silently."""

import difflib
import inspect
import re
from collections.abc import Sequence
from pathlib import Path

from monai.bundle import ConfigParser, ConfigWorkflow
from monai.bundle import run as monai_run
from monai.bundle.utils import DEFAULT_EXP_MGMT_SETTINGS

from taskgan_ext.bundle.root import config_files, option_value
from taskgan_ext.errors import ConfigError


def check_overrides(arguments: Sequence[str]) -> None:
    """Compare the ``--id value`` pairs of a command line with the top-level ids of its configuration files.

    Ids below the top level (``--train::trainer::max_epochs``, ``--train#trainer#max_epochs``) are judged by
    their first part; a wrong name further down fails when the component is built.

    Args:
        arguments: the program and its words. Nothing is checked without ``--config_file``, nor when the
            program is another one than ``python -m monai.bundle``.

    Raises:
        ConfigError: names the unknown ids, the nearest valid ones and the files.
    """
    files = config_files(arguments)
    if not files or Path(arguments[0]).parts[-3:] != ("monai", "bundle", "__main__.py"):
        return
    ids = {_top(name) for file in files for name in ConfigParser.load_config_file(file)}
    valid = ids | _monai_ids() | _tracking_ids(option_value(arguments, "tracking"))
    unknown = [name for name in _names(arguments) if name not in valid]
    if unknown:
        raise ConfigError(
            f"unknown settings: {'; '.join(_suggest(name, valid) for name in unknown)}. "
            f"Expected ids of {', '.join(file.name for file in files)}"
        )


def _names(arguments: Sequence[str]) -> list[str]:
    # As fire reads them: one dash or two, "-" within a name as "_", and what follows a lone "--" is its own.
    words = list(arguments)[: list(arguments).index("--")] if "--" in arguments else arguments
    flags = [word.partition("=")[0].lstrip("-") for word in words if re.match(r"--?[A-Za-z_]", word)]
    return [_top(flag.replace("-", "_")) for flag in flags]


def _top(name: str) -> str:
    return re.split("::|#", name.lstrip("+"))[0]


def _monai_ids() -> set[str]:
    functions = (inspect.signature(monai_run), inspect.signature(ConfigWorkflow))
    return {ConfigParser.meta_key}.union(*(function.parameters for function in functions))


def _tracking_ids(tracking: str | None) -> set[str]:
    if tracking in {None, "", "None"}:
        return set()
    settings = DEFAULT_EXP_MGMT_SETTINGS.get(tracking) or ConfigParser.load_config_file(tracking)
    return set(settings["configs"])


def _suggest(name: str, valid: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(valid), n=3)
    return f"--{name}" + (f" (did you mean {' or '.join('--' + each for each in near)}?)" if near else "")
