"""Some consecutive events of a list-mode file, decoded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DetectorEvents:
    """Events that name two detectors, in file order (PETSIRD, GE).

    Attributes:
        detectors: ``(n, 2)``, int32, indices into ``DetectorGeometry.centres``.
        tof: ``(n,)``, int16, index of the time-of-flight bin; 0 without time of flight.
        prompt: ``(n,)``, whether an event is a prompt; otherwise it is a delayed coincidence.
        time_ms: ``(n,)``, uint32, time since the start of the scan.
    """

    detectors: NDArray[np.int32]
    tof: NDArray[np.int16]
    prompt: NDArray[np.bool_]
    time_ms: NDArray[np.uint32]


@dataclass(frozen=True)
class SinogramEvents:
    """Events that name a bin of a sinogram, in file order (Siemens).

    Attributes:
        radial: ``(n,)``, uint16, radial bin.
        view: ``(n,)``, uint16, view.
        plane: ``(n,)``, uint16, index of the oblique plane, segment by segment.
        tof: ``(n,)``, int16, index of the time-of-flight bin; 0 without time of flight.
        prompt: ``(n,)``, whether an event is a prompt; otherwise it is a delayed coincidence.
        time_ms: ``(n,)``, uint32, time since the start of the scan.
    """

    radial: NDArray[np.uint16]
    view: NDArray[np.uint16]
    plane: NDArray[np.uint16]
    tof: NDArray[np.int16]
    prompt: NDArray[np.bool_]
    time_ms: NDArray[np.uint32]


EventChunk = DetectorEvents | SinogramEvents
