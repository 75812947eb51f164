"""A contrast that was synthesised, with the protocol that it imitates."""

import math
import re
from dataclasses import dataclass

from taskgan_ext.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+-]{0,15}")
MAX_NUMBER = 99


@dataclass(frozen=True)
class SynthesisedContrast:
    """Contrast of a synthesised MR series and the nominal times that its header gets.

    Attributes:
        name: such as ``T2FLAIR``; at most 16 letters, digits, + and -.
        repetition_time: TR of the scans that it imitates, in s.
        echo_time: TE, in s.
        inversion_time: TI, in s; ``None`` for a spin echo without inversion.
        number: added to SeriesNumber, 0 to 99, so that the contrasts of one scan have numbers of their own.

    Raises:
        ConfigError: a value would not fit a header, or the times are impossible.
    """

    name: str
    repetition_time: float
    echo_time: float
    inversion_time: float | None = None
    number: int = 0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(
                f"derived series: expected a contrast of at most 16 letters, digits, + and -, "
                f"got {self.name!r}"
            )
        inversion = self.echo_time if self.inversion_time is None else self.inversion_time
        if not (0 < self.echo_time < self.repetition_time < math.inf and 0 < inversion < math.inf):
            raise ConfigError(
                "derived series: expected times in seconds with TE between 0 and TR, got "
                f"TR {self.repetition_time}, TE {self.echo_time}, TI {self.inversion_time}"
            )
        if not 0 <= self.number <= MAX_NUMBER:
            raise ConfigError(f"derived series: expected a number from 0 to {MAX_NUMBER}, got {self.number}")
