"""The scanner: sampling of sinograms and images, time-of-flight bins and resolution."""

from dataclasses import asdict, dataclass, field
from typing import Any

FWHM_PER_SIGMA = 2.354820045
"""Full width at half maximum of a Gaussian of unit standard deviation, 2 sqrt(2 ln 2)."""


@dataclass(frozen=True)
class ImageGrid:
    """A square transaxial pixel grid centred on the scanner axis.

    Attributes:
        size: pixels along x and along y.
        voxel_size: edge of a pixel.
    """

    size: int
    voxel_size: float

    @property
    def num_pixels(self) -> int:
        """Pixels of one slice."""
        return self.size * self.size


@dataclass(frozen=True)
class Scanner:
    """A cylinder of detectors seen slice by slice, with time of flight.

    The defaults follow the GE SIGNA PET/MR: 390 ps coincidence timing resolution, which is 58.5 mm along the
    line (Grant et al., Med Phys 43, 2016, doi 10.1118/1.4945416), a 300 mm field of view on 2.34 mm
    pixels, and 28 subsets. Angles and bins are fewer than the scanner's 224 x 357 and are arc-corrected;
    there are no block gaps.

    Attributes:
        name: written to headers and sidecars.
        num_angles: views over 180 degrees; must be a multiple of ``num_subsets``.
        num_bins: radial bins.
        bin_size: distance of two radial bins.
        num_tof_bins: time-of-flight bins.
        tof_bin_size: width of a time-of-flight bin along the line.
        tof_fwhm: time-of-flight resolution along the line, FWHM.
        num_subsets: ordered subsets of the reconstruction; subset s holds the angles s, s + num_subsets, ...
        resolution_fwhm: blur of the image by detectors and positron range, FWHM in the plane.
        reconstruction_grid: pixels of the reconstructed slices.
        simulation_grid: finer pixels from which data are simulated, so that simulation and reconstruction
            do not share one discretisation.

    Raises:
        ValueError: ``num_angles`` is not a multiple of ``num_subsets``.
    """

    name: str = "SIGNA-like 2D TOF"
    num_angles: int = 168
    num_bins: int = 128
    bin_size: float = 2.34
    num_tof_bins: int = 11
    tof_bin_size: float = 36.0
    tof_fwhm: float = 58.5
    num_subsets: int = 28
    resolution_fwhm: float = 4.5
    reconstruction_grid: ImageGrid = field(default_factory=lambda: ImageGrid(128, 2.34))
    simulation_grid: ImageGrid = field(default_factory=lambda: ImageGrid(256, 1.17))

    def __post_init__(self) -> None:
        if self.num_angles % self.num_subsets:
            raise ValueError(
                f"num_angles must be a multiple of num_subsets, got {self.num_angles} and {self.num_subsets}"
            )

    @property
    def angles_per_subset(self) -> int:
        """Views of one subset."""
        return self.num_angles // self.num_subsets

    @property
    def tof_sigma(self) -> float:
        """Standard deviation of the time-of-flight position along the line."""
        return self.tof_fwhm / FWHM_PER_SIGMA

    def to_dict(self) -> dict[str, Any]:
        """All parameters, for a JSON sidecar."""
        return asdict(self)
