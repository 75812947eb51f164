"""Refuse settings on the command line that no configuration file knows; MONAI accepts them silently."""

import difflib
from collections.abc import Iterable, Sequence

from monai.bundle import ConfigComponent, ConfigParser

from taskgan_ext.bundle.arguments import accepted_arguments
from taskgan_ext.bundle.command_line import CommandLine, monai_options, read_command_line, top_level
from taskgan_ext.errors import ConfigError

OF_COMPONENTS = frozenset(ConfigComponent.non_arg_keys)
"""What a component may have beside its arguments."""


def check_overrides(arguments: Sequence[str]) -> None:
    """Compare the ``--id value`` pairs of a command line with the ids of its configuration files.

    An id below the top level (``--train::trainer::max_epochs``, ``--train#trainer#max_epochs``) may also be
    new where it is an argument of a component.

    Args:
        arguments: the program and its words. Nothing is checked without ``--config_file``, nor when the
            program is another one than ``python -m monai.bundle``.

    Raises:
        ConfigError: names the unknown ids, the nearest valid ones and the files.
    """
    line = read_command_line(arguments)
    if line is None:
        return
    ids = {top_level(name) for name in line.stated.get()} | {ConfigParser.meta_key}
    valid = ids | monai_options()
    unknown = [
        _suggest(name, valid) for name in dict.fromkeys(map(top_level, line.given)) if name not in valid
    ]
    unknown += [problem for name in line.given if top_level(name) in ids and (problem := _nested(line, name))]
    if unknown:
        files = ", ".join(file.name for file in line.files)
        raise ConfigError(f"unknown settings: {'; '.join(unknown)}. Expected ids of {files}")


def _nested(line: CommandLine, name: str) -> str:
    *above, last = name.split("::")
    parent = line.stated.get("::".join(above)) if above and above[0] != ConfigParser.meta_key else None
    if not isinstance(parent, dict) or last in parent:
        return ""
    known = parent.keys() - OF_COMPONENTS
    if ConfigComponent.is_instantiable(parent):
        try:
            path = ConfigComponent(parent, locator=line.stated.locator).resolve_module_name()
            found, is_open = accepted_arguments(str(path))
        except (ImportError, TypeError, ValueError):
            return ""  # it is told when the component is built
        if is_open or last in {*found, *OF_COMPONENTS}:
            return ""
        known |= set(found)
    return _suggest(name, ["::".join([*above, each]) for each in known])


def _suggest(name: str, valid: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(valid), n=3)
    return f"--{name}" + (f" (did you mean {' or '.join('--' + each for each in near)}?)" if near else "")
