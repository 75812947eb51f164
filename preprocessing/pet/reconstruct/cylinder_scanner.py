"""A cylinder of crystals with time of flight, for events that are made and not measured."""

from dataclasses import dataclass

import numpy as np

from preprocessing.pet.listmode.scanner_geometry import DetectorGeometry


@dataclass(frozen=True)
class CylinderScanner:
    """Rings of equal crystals without gaps.

    Crystal ``ring * crystals_per_ring + c`` spans the angles ``c`` to ``c + 1`` times
    ``2 pi / crystals_per_ring`` from the x axis towards y.

    Attributes:
        name: of the scanner.
        radius: of the cylinder where photons are detected, in mm.
        crystals_per_ring: crystals of a ring.
        num_rings: rings, centred on z = 0.
        ring_spacing: axial size of a crystal in mm.
        tof_fwhm: resolution along the line in mm.
        tof_bin_size: in mm along the line.
        num_tof_bins: bins about the middle of the line; 1 for no time of flight.
    """

    name: str = "example cylinder"
    radius: float = 200.0
    crystals_per_ring: int = 256
    num_rings: int = 16
    ring_spacing: float = 6.0
    tof_fwhm: float = 45.0
    tof_bin_size: float = 9.0
    num_tof_bins: int = 45

    @property
    def half_length(self) -> float:
        """Half the axial length in mm."""
        return self.num_rings * self.ring_spacing / 2

    def geometry(self) -> DetectorGeometry:
        """The scanner as a list-mode file describes it."""
        angle = (np.arange(self.crystals_per_ring) + 0.5) * (2 * np.pi / self.crystals_per_ring)
        z = (np.arange(self.num_rings) + 0.5) * self.ring_spacing - self.half_length
        ring = np.stack([self.radius * np.cos(angle), self.radius * np.sin(angle)], axis=1)
        centres = np.column_stack([np.tile(ring, (self.num_rings, 1)), np.repeat(z, self.crystals_per_ring)])
        edges = (np.arange(self.num_tof_bins + 1) - self.num_tof_bins / 2) * self.tof_bin_size
        return DetectorGeometry(
            name=self.name,
            centres=centres.astype(np.float32),
            tof_edges=edges.astype(np.float32),
            tof_fwhm=self.tof_fwhm if self.num_tof_bins > 1 else 0.0,
            ring_spacing=self.ring_spacing,
            num_rings=self.num_rings,
            efficiencies=np.ones(len(centres), np.float32),
        )
