"""What the indices of events mean in space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN_POSITION = "another one"


@dataclass(frozen=True)
class DetectorGeometry:
    """A scanner whose events name two detectors.

    Attributes:
        name: of the scanner.
        centres: ``(num_detectors, 3)``, float32, mm in the scanner's frame; z is its axis. The depth of
            interaction is part of the position.
        tof_edges: ``(num_tof_bins + 1,)``, float32, mm along the line of response: half the path difference,
            ``(t1 - t2) c / 2``. Positive is nearer to the second detector (the photon reaches the first one
            later). Two edges without time of flight.
        tof_fwhm: timing resolution as mm along the line, before binning; 0 without time of flight.
        ring_spacing: axial distance of two crystal rings in mm; slices of the image are half of it apart.
        num_rings: crystal rings.
        efficiencies: ``(num_detectors,)``, float32, relative detection efficiency of a detector, 1 where the
            file does not tell.
    """

    name: str
    centres: NDArray[np.float32]
    tof_edges: NDArray[np.float32]
    tof_fwhm: float
    ring_spacing: float
    num_rings: int
    efficiencies: NDArray[np.float32]


@dataclass(frozen=True)
class SinogramGeometry:
    """A cylindrical scanner whose events name a bin of span-1 sinograms (Siemens PETLINK).

    With ``k = radial - num_radial // 2`` the crystals of a bin are ``(view + floor(k / 2)) mod N`` and
    ``(view - floor((k + 1) / 2) + N / 2) mod N``; its angle is ``pi (view - (k odd) / 2) / num_views``.

    Attributes:
        name: of the scanner.
        num_radial: radial bins, not arc-corrected.
        num_views: views over 180 degrees; half the crystals of a ring.
        num_rings: crystal rings.
        max_ring_difference: largest difference of the rings of a plane.
        radius: of the crystal ring with the depth of interaction, in mm.
        ring_spacing: axial distance of two rings in mm; slices of the image are half of it apart.
        virtual_every: one crystal of so many is a gap between blocks (the first of each block); 0 for none.
        num_tof_bins: time-of-flight bins, 1 without time of flight.
        patient_position: how the patient lies in the scanner, as DICOM has it, such as ``HFS``; empty where
            the file does not tell, ``UNKNOWN_POSITION`` where it tells something else.
    """

    name: str
    num_radial: int
    num_views: int
    num_rings: int
    max_ring_difference: int
    radius: float
    ring_spacing: float
    virtual_every: int = 0
    num_tof_bins: int = 1
    patient_position: str = ""


Geometry = DetectorGeometry | SinogramGeometry
