"""The settings that a command line of ``python -m monai.bundle`` gives, beside those of its files."""

import inspect
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from fire.parser import DefaultParseValue  # type: ignore[import-untyped]
from monai.bundle import ConfigParser, ConfigWorkflow
from monai.bundle import run as monai_run
from monai.bundle.utils import DEFAULT_EXP_MGMT_SETTINGS

from taskgan_ext.bundle.root import config_files, option_value

FLAG = re.compile(r"--?[A-Za-z_]")
LEVEL = re.compile("::|#")


@dataclass(frozen=True)
class CommandLine:
    """What a run was started with.

    Attributes:
        files: the configuration files in their order.
        given: the settings of the command line by id, levels joined by ``::``; MONAI's own options
            (``--config_file``, ``--tracking`` and others) are not among them.
        bare: the ids that were given without a value.
        stated: content of the files, and of the file of ``--tracking``.
    """

    files: Sequence[Path]
    given: Mapping[str, object]
    bare: frozenset[str]
    stated: ConfigParser

    def effective(self) -> ConfigParser:
        """Give the configuration as the run has it: the files, and the command line over them."""
        parser = ConfigParser(deepcopy(self.stated.get()))
        # The metadata are in a file of their own, which is not read here.
        of_run = {id_: value for id_, value in self.given.items() if top_level(id_) != ConfigParser.meta_key}
        parser.update(of_run)
        return parser


def read_command_line(arguments: Sequence[str]) -> CommandLine | None:
    """Read a command line as fire and MONAI do.

    Args:
        arguments: the program and its words.

    Returns:
        What it gives; ``None`` without ``--config_file``, and where the program is another one than
        ``python -m monai.bundle``.
    """
    files = config_files(arguments)
    if not files or Path(arguments[0]).parts[-3:] != ("monai", "bundle", "__main__.py"):
        return None
    pairs = _pairs(arguments)
    own = monai_options()
    given = {name: value for name, value in pairs.items() if top_level(name) not in own}
    return CommandLine(
        files,
        {name: True if text is None else DefaultParseValue(text) for name, text in given.items()},
        frozenset(name for name, text in given.items() if text is None),
        _stated(files, option_value(arguments, "tracking")),
    )


def top_level(name: str) -> str:
    """Give the first part of an id.

    Args:
        name: its parts joined by ``::`` or ``#``; a ``+`` before it does not count.
    """
    return LEVEL.split(name.lstrip("+"))[0]


def monai_options() -> set[str]:
    """Give the names of the options that MONAI takes for itself."""
    functions = (inspect.signature(monai_run), inspect.signature(ConfigWorkflow))
    return set().union(*(function.parameters for function in functions))


def _pairs(arguments: Sequence[str]) -> dict[str, str | None]:
    # As fire reads them: one dash or two, "-" within a name as "_", and what follows a lone "--" is its own.
    words = list(arguments)[: list(arguments).index("--")] if "--" in arguments else list(arguments)
    pairs: dict[str, str | None] = {}
    for word, following in zip(words, [*words[1:], "--"], strict=True):
        if FLAG.match(word):
            flag, equals, value = word.partition("=")
            text = (
                value
                if equals
                else None
                if following.startswith("--") or FLAG.match(following)
                else following
            )
            pairs["::".join(LEVEL.split(flag.lstrip("-").replace("-", "_")))] = text
    return pairs


def _stated(files: Sequence[Path], tracking: str | None) -> ConfigParser:
    content = ConfigParser.load_config_files([str(file) for file in files])
    if tracking not in {None, "", "None"}:
        settings = DEFAULT_EXP_MGMT_SETTINGS.get(tracking) or ConfigParser.load_config_files(tracking)
        content = settings["configs"] | content
    return ConfigParser(content)
