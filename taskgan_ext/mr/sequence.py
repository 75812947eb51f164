"""The MDME acquisition: when each image is taken after the saturation pulse and after the excitation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from taskgan_ext.errors import ConfigError

LONGEST_REPETITION, LONGEST_ECHO = 60.0, 2.0
"""In s; no protocol has longer ones, so that a longer time is in another unit."""
SHORTEST_LAST_DELAY = 0.1
"""In s. By then hardly any tissue has recovered: the longest delay of an acquisition is later."""


@dataclass(frozen=True)
class MDMESequence:
    """Multi-dynamic multi-echo acquisition (QRAPMASTER, Warntjes et al., MRM 60:320-329, 2008).

    Every slice is saturated, and after each of several delays read out at several echoes. The defaults are
    those of a common 3 T product protocol.

    Attributes:
        repetition_time: TR in s.
        echo_times: TE in s, ascending.
        delays: time TD from saturation to excitation in s, ascending.
        saturation_angle: nominal angle of the saturation pulse in degrees.
        excitation_angle: nominal angle of the excitation pulse in degrees.

    Raises:
        ConfigError: times are not positive and ascending, a delay is not shorter than TR, or a time cannot be
            in seconds.
    """

    repetition_time: float = 4.0
    echo_times: tuple[float, ...] = (0.0169, 0.0845)
    delays: tuple[float, ...] = (0.146, 0.546, 1.879, 3.879)
    saturation_angle: float = 120.0
    excitation_angle: float = 90.0

    def __post_init__(self) -> None:
        for name, times in (("echo_times", self.echo_times), ("delays", self.delays)):
            ascending = all(a < b for a, b in pairwise(times))
            if len(times) < 2 or not ascending or not 0 < times[0] < times[-1] < math.inf:
                raise ConfigError(
                    f"MDME sequence, {name}: expected at least two ascending times in seconds, "
                    f"got {list(times)}"
                )
        if not self.delays[-1] < self.repetition_time < math.inf:
            raise ConfigError(
                f"MDME sequence: expected a repetition time above the longest delay of {self.delays[-1]} s, "
                f"got {self.repetition_time} s; times are in seconds"
            )
        if (
            self.repetition_time > LONGEST_REPETITION
            or self.echo_times[-1] > LONGEST_ECHO
            or self.delays[-1] < SHORTEST_LAST_DELAY
        ):
            raise ConfigError(
                f"MDME sequence: expected a repetition time of at most {LONGEST_REPETITION:g} s, echo times "
                f"of at most {LONGEST_ECHO:g} s and a longest delay of at least {SHORTEST_LAST_DELAY:g} s, "
                f"got {self.repetition_time:g}, {list(self.echo_times)} and {self.delays[-1]:g}; "
                "times are in seconds"
            )

    def to_dict(self) -> dict[str, Any]:
        """All settings, JSON-serialisable."""
        return {
            "repetition_time": self.repetition_time,
            "echo_times": list(self.echo_times),
            "delays": list(self.delays),
            "saturation_angle": self.saturation_angle,
            "excitation_angle": self.excitation_angle,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "MDMESequence":
        """Inverse of ``to_dict``; angles may be missing.

        Raises:
            ConfigError: a time is missing or wrong.
        """
        try:
            return cls(
                float(content["repetition_time"]),
                tuple(map(float, content["echo_times"])),
                tuple(map(float, content["delays"])),
                *(
                    float(content.get(name, default))
                    for name, default in (("saturation_angle", 120.0), ("excitation_angle", 90.0))
                ),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                "MDME sequence: expected repetition_time, echo_times and delays in seconds, "
                f"got {dict(content)} ({error!r})"
            ) from None


def delays_from_slice_count(
    num_slices: int, repetition_time: float, num_delays: int = 4, offset: float = 0.0
) -> tuple[float, ...]:
    """Compute the delays of an acquisition whose header does not tell them.

    Slices are excited one after the other, ``TR / num_slices`` apart, and the delay of a dynamic is a whole
    number of these steps between the slice that is saturated and the one that is excited; the steps grow
    about quadratically over the dynamics. For 20 slices in 2.6 s this gives the delays of Warntjes et al.,
    130, 390, 1170 and 2470 ms.

    Args:
        num_slices: slices of the acquisition.
        repetition_time: TR in s.
        num_delays: dynamics.
        offset: time from saturation to excitation within one step, in s.

    Returns:
        Delays in s, ascending. They are acquired longest first.

    Raises:
        ConfigError: there are too few slices for so many delays.
    """
    if num_delays < 2 or num_slices < num_delays + 1:
        raise ConfigError(
            f"expected more slices than delays and at least two delays, got {num_slices} slices and "
            f"{num_delays} delays"
        )
    growth = (num_slices - num_delays - 1) / (num_delays - 1) ** 2
    steps = (k + 1 + math.floor(growth * k * k + 1e-9) for k in range(num_delays))
    return tuple(repetition_time / num_slices * step + offset for step in steps)
