"""What a user may choose about a reconstruction."""

import math
from dataclasses import dataclass
from typing import Literal

from preprocessing.pet.listmode.scanner_geometry import DetectorGeometry, Geometry
from preprocessing.pet.scanner import ImageGrid
from taskgan_ext.errors import ConfigError

Engine = Literal["2d", "3d"]

_RANGES = {
    "voxel_size": (0.2, 20.0),
    "matrix": (8, 512),
    "iterations": (1, 100),
    "subsets": (1, 252),
    "post_filter": (0.0, 50.0),
    "calibration": (1e-12, 1e12),
    "dose": (1e-6, 1.0),
    "duration": (1e-3, 1e6),
    "threads": (1, 1024),
}


@dataclass(frozen=True)
class ReconstructionSettings:
    """Choices, where None stands for what the file tells or the engine needs.

    Attributes:
        engine: ``2d``: planes from rebinned sinograms; ``3d``: event by event.
        voxel_size: pixel edge in mm; the planes are half a ring apart.
        matrix: pixels along x and y.
        iterations: passes over all data.
        subsets: ordered subsets.
        post_filter: FWHM of the isotropic Gaussian after the reconstruction in mm; 0 for none.
        calibration: Bq/ml per unit of the image.
        dose: share of the events that were kept when the file was thinned.
        duration: seconds of the scan before thinning.
        threads: threads of torch.

    Raises:
        ConfigError: a number is out of its range.
    """

    engine: Engine = "2d"
    voxel_size: float = 2.34
    matrix: int = 128
    iterations: int | None = None
    subsets: int | None = None
    post_filter: float = 5.5
    calibration: float | None = None
    dose: float | None = None
    duration: float | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                option = name.replace("_", "-")
                raise ConfigError(f"--{option}: expected a number from {low:g} to {high:g}, got {value:g}")

    @property
    def grid(self) -> ImageGrid:
        """The pixels of a plane."""
        return ImageGrid(self.matrix, self.voxel_size)

    @property
    def fixed_passes(self) -> bool:
        """Whether the user chose iterations or subsets, so that the counts do not decide."""
        return self.iterations is not None or self.subsets is not None

    def passes(self, geometry: Geometry) -> tuple[int, int]:
        """Return iterations and subsets for plenty of counts.

        The defaults are those of the simulated cohort with time of flight (2 x 28), and those that show a
        head from half a second of a Siemens mMR scan without (3 x 12).

        Args:
            geometry: the scanner.
        """
        with_tof = (
            isinstance(geometry, DetectorGeometry) and geometry.tof_edges.size > 2 and geometry.tof_fwhm > 0
        )
        if self.engine == "3d":
            iterations, subsets = 2, 14
        else:
            iterations, subsets = (2, 28) if with_tof else (3, 12)
        return self.iterations or iterations, self.subsets or subsets
