"""Refuse values of settings that cannot be meant, before anything is trained."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from monai.bundle import ConfigParser

from taskgan_ext.bundle.command_line import CommandLine, read_command_line
from taskgan_ext.errors import ConfigError


@dataclass(frozen=True)
class Number:
    """What a number may be.

    Attributes:
        low: the least value.
        high: the greatest value.
        whole: whether it counts something.
        above: whether ``low`` itself is left out.
        optional: whether it may be null.
    """

    low: float = 0
    high: float = math.inf
    whole: bool = False
    above: bool = False
    optional: bool = False

    def allows(self, value: object) -> bool:
        """Tell whether a value is one of these.

        Args:
            value: of any kind.
        """
        if value is None:
            return self.optional
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        return (
            math.isfinite(value) and self.low <= value <= self.high and not (self.above and value == self.low)
        )

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        if self.high < math.inf:
            return f"{kind} from {self.low} to {self.high}"
        return f"{kind} {'above' if self.above else 'of at least'} {self.low}"


@dataclass(frozen=True)
class Row:
    """What a list of numbers may be.

    Attributes:
        number: what each may be.
        length: how many there are; ``None`` for as many as in the files.
    """

    number: Number
    length: int | None = None

    def allows(self, value: object) -> bool:
        """Tell whether a value is one of these; null leaves the choice to who uses it.

        Args:
            value: of any kind.
        """
        if value is None:
            return True
        return (
            isinstance(value, list | tuple)
            and self.length in {None, len(value)}
            and all(self.number.allows(each) for each in value)
        )

    def __str__(self) -> str:
        return f"a list{'' if self.length is None else f' of {self.length}'}, each {self.number}"


COUNT = Number(1, whole=True)
RATE = Number(above=True)
SHARE = Number(high=1)

NUMBERS: Mapping[str, Number | Row] = MappingProxyType(
    {
        "batch_size": COUNT,
        "crop": Row(Number(-1, whole=True)),
        "discriminator_learning_rate": RATE,
        "ema_decay": SHARE,
        "epoch_samples": Number(1, whole=True, optional=True),
        "epochs": COUNT,
        "judge_learning_rate": RATE,
        "lambda_gan": Number(),
        "learning_rate": RATE,
        "min_foreground": SHARE,
        "min_mask": SHARE,
        "mu_task": Number(),
        "picture_channels": COUNT,
        "pixel_mm": RATE,
        "seed": Number(high=2**32 - 1, whole=True),
        "segmentation_weight": Number(),
        "single_contrast_epochs": Number(whole=True),
        "slice_mm": RATE,
        "slices": Row(Number(whole=True), 2),
        "stack": COUNT,
        "task_epochs": Number(whole=True),
        "task_learning_rate": RATE,
        "task_margin": Number(),
        "track_every": Number(whole=True),
        "val_interval": COUNT,
    }
)
"""The numbers among the ids of the bundles' configurations."""

OF_ANY_KIND = frozenset({"save_execute_config"})
"""Settings that MONAI takes in several kinds."""


def check_settings(arguments: Sequence[str]) -> None:
    """Check the numbers of a run, and that what the command line gives is of the kind that the files have.

    Expressions and references are left to MONAI.

    Args:
        arguments: as for ``check_overrides``.

    Raises:
        ConfigError: names each setting, what was expected, what was given, and what to do.
    """
    line = read_command_line(arguments)
    if line is None:
        return
    problems = [problem for name, value in line.given.items() if (problem := _given(line, name, value))]
    problems += [
        f"{name}: expected {number}, got {value!r}; correct {_origin(line, name)}"
        for name in NUMBERS
        if name not in line.given
        and name in line.stated
        and not _is_computed(value := line.stated[name])
        and (number := _expected(name, value)) is not None
        and not number.allows(value)
    ]
    if problems:
        raise ConfigError("; ".join(problems))


def _given(line: CommandLine, name: str, value: object) -> str:
    source, stated = _source(line.stated, name)
    advice = "correct it" if stated is None else f"leave it out for {stated!r}"
    if name in line.bare and not isinstance(stated, bool):
        return f"--{name}: expected a value, got none; {advice}"
    if _is_computed(value) or name in OF_ANY_KIND:
        return ""
    number = _expected(source, stated)
    expected = str(number) if number is not None else _kind(stated)
    fits = number.allows(value) if number is not None else _is_like(value, stated)
    return "" if fits else f"--{name}: expected {expected}, got {value!r}; {advice}"


def _expected(name: str, stated: object) -> Number | Row | None:
    number = NUMBERS.get(name)
    if isinstance(number, Row) and number.length is None and isinstance(stated, list):
        return replace(number, length=len(stated))
    return number


def _source(stated: ConfigParser, name: str) -> tuple[str, object]:
    """Follow references to the id that holds the value, and give both."""
    seen = {name}
    while isinstance(value := stated.get(name), str) and value.startswith("@") and value[1:] not in seen:
        name = value[1:]
        seen.add(name)
    return name, value


def _is_computed(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_computed, value))
    return isinstance(value, str) and value.startswith(("$", "@", "%"))


def _kind(stated: object) -> str:
    if isinstance(stated, bool):
        return "True or False"
    return "a number" if isinstance(stated, int | float) else "a list"


def _is_like(value: object, stated: object) -> bool:
    """Whether a value can stand for another one; null, text and objects are left to who uses them."""
    if isinstance(stated, bool):
        return isinstance(value, bool)
    if isinstance(stated, int | float):
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    if isinstance(stated, list) and stated and all(isinstance(each, int | float) for each in stated):
        return value is None or isinstance(value, list | tuple)
    return True


def _origin(line: CommandLine, name: str) -> str:
    holders = [file.name for file in line.files if name in ConfigParser.load_config_file(str(file))]
    return holders[-1] if holders else "the file of --tracking"
