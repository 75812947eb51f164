"""How one image is computed from relaxation maps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import ConfigError
from taskgan_ext.mr.file_names import contrast_file_name
from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.signal import synthesise


@dataclass(frozen=True)
class Recipe:
    """One image to compute.

    Attributes:
        contrast: one that ``contrast_file_name`` knows.
        protocol: times; with a second inversion, TI is the time between the two.
        second_inversion_time: in s, from a second inversion to the excitation (DIR), or ``None``.
        signed: keep the sign of an inversion recovery, as phase-sensitive images do.
        number: from 1, of several images of one contrast; ``None`` of a single one.

    Raises:
        ConfigError: the second inversion time does not fit into the repetition time.
    """

    contrast: str
    protocol: Protocol
    second_inversion_time: float | None = None
    signed: bool = False
    number: int | None = None

    def __post_init__(self) -> None:
        second, first = self.second_inversion_time, self.protocol.inversion_time
        if second is not None and not (first and 0 < second < self.protocol.repetition_time - first):
            raise ConfigError(
                f"{self.contrast}: expected two inversion times whose sum is below TR "
                f"({self.protocol.repetition_time:g} s), got {first} and {second} s"
            )

    def image(
        self, t1: NDArray[np.float32], t2: NDArray[np.float32], pd: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Compute the image.

        Args:
            t1: in s, ``(X, Y, Z)``.
            t2: in s.
            pd: proton density in any unit.

        Returns:
            ``(X, Y, Z)`` in the unit of ``pd``.
        """
        return synthesise(t1, t2, pd, self.protocol, self.signed, self.second_inversion_time)

    def file_name(self, subject: str) -> str:
        """Name its file.

        Args:
            subject: what the name begins with.
        """
        return contrast_file_name(subject, self.contrast, self.number, self.signed)

    def sidecar(self) -> dict[str, object]:
        """Times and contrast, JSON-serialisable."""
        times = {
            "RepetitionTime": self.protocol.repetition_time,
            "EchoTime": self.protocol.echo_time,
            "InversionTime": self.protocol.inversion_time,
            "SecondInversionTime": self.second_inversion_time,
        }
        return {
            "Contrast": self.contrast,
            **{name: time for name, time in times.items() if time is not None},
            "Signed": self.signed,
        }
