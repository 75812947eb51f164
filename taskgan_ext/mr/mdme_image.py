"""An MDME acquisition in memory."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.mr.sequence import MDMESequence

SignalKind = Literal["complex", "magnitude", "signed"]


@dataclass(frozen=True)
class MDMEImage:
    """All images of one MDME acquisition on one grid.

    Attributes:
        signal: shape ``(X, Y, Z, delays, echoes)``, both ascending in time, in arbitrary units: complex64 for
            ``complex``, float32 for ``magnitude`` (not negative) and ``signed`` (phase already removed).
        kind: what the values are.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        sequence: the times of the images.
        delays_from: where the delays come from, for the record: ``header``, ``slice count`` or ``user``.
        frame_of_reference: DICOM UID of the scanner frame, empty where it is not known.
        source: one line that names the files, for messages.
        field_strength: of the magnet in T, ``None`` where it is not known.
    """

    signal: NDArray[np.complex64] | NDArray[np.float32]
    kind: SignalKind
    affine: NDArray[np.float64]
    sequence: MDMESequence
    delays_from: str = "user"
    frame_of_reference: str = ""
    source: str = ""
    field_strength: float | None = None

    @property
    def voxel_mm(self) -> tuple[float, float, float]:
        """Voxel size along the axes of the array."""
        sizes = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(sizes[0]), float(sizes[1]), float(sizes[2])
