"""The conventional contrasts and their protocols: repetition, echo and inversion time."""

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.mr.sequence import LONGEST_ECHO, LONGEST_REPETITION

CONTRASTS = ("T1w", "T1FLAIR", "T2w", "T2FLAIR", "STIR", "PDw")
"""The six contrasts of the paper, in the order of their class index."""

DEFAULT_PROTOCOLS = Path(__file__).with_name("protocols.json")


@dataclass(frozen=True)
class Protocol:
    """Settings of one conventional contrast.

    Attributes:
        repetition_time: TR in s.
        echo_time: TE in s.
        inversion_time: TI in s; ``None`` for a spin echo without inversion.

    Raises:
        ConfigError: a time is not positive, TI is not below TR, or a time cannot be in seconds.
    """

    repetition_time: float
    echo_time: float
    inversion_time: float | None = None

    def __post_init__(self) -> None:
        inversion = self.echo_time if self.inversion_time is None else self.inversion_time
        if not (
            0 < self.echo_time < self.repetition_time < math.inf and 0 < inversion < self.repetition_time
        ):
            raise ConfigError(
                "protocol: expected times in seconds with TE and TI between 0 and TR, got "
                f"TR {self.repetition_time}, TE {self.echo_time}, TI {self.inversion_time}"
            )
        if self.repetition_time > LONGEST_REPETITION or self.echo_time > LONGEST_ECHO:
            raise ConfigError(
                f"protocol: expected a TR of at most {LONGEST_REPETITION:g} s and a TE of at most "
                f"{LONGEST_ECHO:g} s, got {self.repetition_time:g} and {self.echo_time:g}; "
                "times are in seconds"
            )

    @property
    def times(self) -> list[float]:
        """TR, TE and TI in s, 0 for no inversion: the form of data lists."""
        return [self.repetition_time, self.echo_time, self.inversion_time or 0.0]

    def to_dict(self) -> dict[str, float | None]:
        """The times by name, JSON-serialisable."""
        return asdict(self)


def load_protocols(path: str | os.PathLike[str] = DEFAULT_PROTOCOLS) -> dict[str, Protocol]:
    """Read a protocol table.

    Args:
        path: JSON, ``{"T1w": {"repetition_time": 0.65, "echo_time": 0.01, "inversion_time": null}, ...}``;
            by default the table of this package.

    Returns:
        Contrast to protocol, in the order of the file.

    Raises:
        ConfigError: there is no such contrast, or an entry has other fields or impossible times.
        DataError: there is no such file, or it is not JSON.
    """
    return parse_protocols(read_json(path), path)


def parse_protocols(content: Mapping[str, object], path: str | os.PathLike[str]) -> dict[str, Protocol]:
    """Read the protocols of a JSON object.

    Args:
        content: as in the file of ``load_protocols``.
        path: where it comes from, for messages.

    Returns:
        Contrast to protocol, in the order of the content.

    Raises:
        ConfigError: there is no such contrast, or an entry has other fields or impossible times.
    """
    unknown = [name for name in content if name not in CONTRASTS]
    if unknown:
        raise ConfigError(
            f"{path}: expected contrasts among {', '.join(CONTRASTS)}, got {', '.join(unknown)}; correct "
            "the name"
        )
    return {name: _protocol(name, entry, path) for name, entry in content.items()}


def _protocol(name: str, entry: object, path: str | os.PathLike[str]) -> Protocol:
    try:
        if not isinstance(entry, Mapping):
            raise TypeError(f"a {type(entry).__name__}")
        return Protocol(**entry)
    except (TypeError, ConfigError) as error:
        raise ConfigError(
            f"{path}: {name}: expected repetition_time, echo_time and inversion_time (or null) in seconds; "
            f"{error}"
        ) from None
