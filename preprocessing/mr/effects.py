"""Which imperfections of a scan are simulated, and how strongly."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from taskgan_ext.errors import ConfigError


@dataclass(frozen=True)
class Effects:
    """Imperfections, each of which can be left out.

    Attributes:
        partial_volume: a voxel may hold several tissues.
        slice_profile: flip angles vary across the slice of the MDME acquisition.
        pools: myelin water relaxes faster, and bound protons transfer saturation to water.
        texture: T1 and T2 vary within each tissue by about 3 %.
        transmit_field: flip angles vary over the head.
        receive_bias: the sensitivity of the coil varies over the head, for every series in its own way.
        phase: the MDME images have a smooth phase.
        flow: fluid and blood move between excitation and read-out.
        gibbs: k-space is sampled to a finite radius.
        echo_train: conventional contrasts are turbo spin echoes with imperfect inversion.
        snr: of white matter in the MDME images; 0 for no noise at all.
        motion_sd: displacement of the head between dynamics along each in-plane axis in mm.
        rotation_sd: of conventional contrasts against the MDME images about each axis in degrees.
        shift_sd: of conventional contrasts against the MDME images along each axis in mm.

    Raises:
        ConfigError: a number is negative or not finite.
    """

    partial_volume: bool = True
    slice_profile: bool = True
    pools: bool = True
    texture: bool = True
    transmit_field: bool = True
    receive_bias: bool = True
    phase: bool = True
    flow: bool = True
    gibbs: bool = True
    echo_train: bool = True
    snr: float = 45.0
    motion_sd: float = 0.12
    rotation_sd: float = 0.2
    shift_sd: float = 0.3

    def __post_init__(self) -> None:
        for name in ("snr", "motion_sd", "rotation_sd", "shift_sd"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise ConfigError(f"simulated effect {name}: expected 0 or more, got {value}")

    @classmethod
    def none(cls) -> "Effects":
        """A perfect scan of pure voxels."""
        return cls(**{name: type(value)() for name, value in asdict(cls()).items()})

    def to_dict(self) -> dict[str, Any]:
        """All settings, JSON-serialisable."""
        return asdict(self)
