"""What a registration did, for quality control."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RegistrationRecord:
    """Outcome of one registration; lengths in mm, angles in degrees.

    Attributes:
        accepted: whether the scan was moved; otherwise it stays where the scanner says.
        reason: why.
        information_before: mutual information in the brain in nats, in the scanner's frame.
        information_after: the same after the movement that was found.
        mean_corner_shift: mean shift of the corners of the box about the brain.
        shift: of the centre of the brain to the right, to the front and up.
        angles: about the axes to the right, to the front and up.
        coverage: share of the brain within the scan's field of view, where the scan is now.
    """

    accepted: bool
    reason: str
    information_before: float
    information_after: float
    mean_corner_shift: float
    shift: tuple[float, float, float]
    angles: tuple[float, float, float]
    coverage: float

    def to_dict(self) -> dict[str, Any]:
        """All facts, JSON-serialisable, rounded to what can be told."""
        return {
            name: [round(v, 4) for v in value]
            if isinstance(value, tuple)
            else round(value, 4)
            if isinstance(value, float)
            else value
            for name, value in asdict(self).items()
        }


def angles_of(matrix: NDArray[np.float64]) -> tuple[float, float, float]:
    """Angles of a rotation in degrees.

    Args:
        matrix: ``(4, 4)``, its upper part ``Rz Ry Rx``.

    Returns:
        About the x, y and z axis.
    """
    r = matrix[:3, :3]
    radians = np.arctan2(r[2, 1], r[2, 2]), np.arcsin(np.clip(-r[2, 0], -1, 1)), np.arctan2(r[1, 0], r[0, 0])
    x, y, z = np.degrees(radians).tolist()
    return x, y, z
