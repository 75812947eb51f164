"""Which sinograms and which image planes a file is rebinned to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.scanner_geometry import DetectorGeometry, SinogramGeometry
from preprocessing.pet.reconstruct.detector_layout import DetectorLayout
from preprocessing.pet.scanner import FWHM_PER_SIGMA, ImageGrid, Scanner
from taskgan_ext.errors import ConfigError

_MOST_ANGLES = 252
_TOF_BIN_PER_FWHM = 0.62
"""Width of a time-of-flight bin as a share of the resolution: 36 mm for 58.5 mm, as the simulated scanner
has."""


@dataclass(frozen=True)
class Sampling:
    """Transaxial sampling of the sinograms, and the planes.

    Attributes:
        scanner: angles, radial bins, time-of-flight bins and pixels; one time-of-flight bin means none.
        num_planes: image planes, which are also the direct sinograms.
        plane_spacing: distance of two planes in mm, half the distance of two rings.
        first_plane: z of plane 0 in the scanner's frame, in mm.
        tof_offsets: ``(J,)``, float32, centres of the file's time-of-flight bins in mm; a single 0 without.
    """

    scanner: Scanner
    num_planes: int
    plane_spacing: float
    first_plane: float
    tof_offsets: NDArray[np.float32]

    @property
    def grid(self) -> ImageGrid:
        """The pixels of a plane."""
        return self.scanner.reconstruction_grid

    @property
    def with_tof(self) -> bool:
        """Whether time of flight is used."""
        return self.scanner.num_tof_bins > 1

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the histogram of prompts, ``(plane, tof, angle, bin)``."""
        scanner = self.scanner
        return self.num_planes, scanner.num_tof_bins, scanner.num_angles, scanner.num_bins

    @property
    def file_tof_bin(self) -> float:
        """Width of a time-of-flight bin of the file in mm; 0 without time of flight."""
        return float(self.tof_offsets[1] - self.tof_offsets[0]) if self.with_tof else 0.0


def sinogram_sampling(geometry: SinogramGeometry, grid: ImageGrid, num_subsets: int) -> Sampling:
    """Choose the sampling for a file of sinogram bins; its time-of-flight bins are added up.

    Args:
        geometry: the scanner.
        grid: pixels of the image; radial bins are as wide as a pixel and as many as a row has.
        num_subsets: ordered subsets.

    Raises:
        ConfigError: there are more subsets than views.
    """
    spacing = geometry.ring_spacing / 2
    return Sampling(
        scanner=_scanner(geometry.name, grid, geometry.num_views, num_subsets),
        num_planes=2 * geometry.num_rings - 1,
        plane_spacing=spacing,
        first_plane=-(geometry.num_rings - 1) * spacing,
        tof_offsets=np.zeros(1, np.float32),
    )


def detector_sampling(
    geometry: DetectorGeometry, layout: DetectorLayout, grid: ImageGrid, num_subsets: int
) -> Sampling:
    """Choose the sampling for a file of pairs of detectors.

    Args:
        geometry: the scanner.
        layout: its detectors.
        grid: pixels of the image; radial bins are as wide as a pixel and as many as a row has.
        num_subsets: ordered subsets.

    Raises:
        ConfigError: there are more subsets than views.
    """
    spacing = geometry.ring_spacing / 2
    tof = _tof_bins(geometry, grid)
    offsets = (geometry.tof_edges[:-1] + geometry.tof_edges[1:]) / 2 if tof else np.zeros(1)
    return Sampling(
        scanner=_scanner(geometry.name, grid, len(layout.transaxial) // 2, num_subsets, tof),
        num_planes=round((layout.axial[-1] - layout.axial[0]) / spacing) + 1,
        plane_spacing=spacing,
        first_plane=float(layout.axial[0]),
        tof_offsets=offsets.astype(np.float32),
    )


def _scanner(
    name: str,
    grid: ImageGrid,
    num_views: int,
    num_subsets: int,
    tof: tuple[int, float, float] | None = None,
) -> Scanner:
    """No angle is narrower than a view, so that none stays empty."""
    if num_subsets > num_views:
        raise ConfigError(f"expected at most {num_views} subsets, the views of {name}, got {num_subsets}")
    num_tof_bins, tof_bin_size, tof_fwhm = tof or (1, 1.0, 1.0)
    return Scanner(
        name=name,
        num_angles=num_subsets * max(1, min(num_views, _MOST_ANGLES) // num_subsets),
        num_bins=grid.size,
        bin_size=grid.voxel_size,
        num_tof_bins=num_tof_bins,
        tof_bin_size=float(tof_bin_size),
        tof_fwhm=tof_fwhm,
        num_subsets=num_subsets,
        resolution_fwhm=0.0,
        reconstruction_grid=grid,
        simulation_grid=grid,
    )


def _tof_bins(geometry: DetectorGeometry, grid: ImageGrid) -> tuple[int, float, float] | None:
    """Return number, width and resolution of the bins that hold whole bins of the file.

    None where the file has no time of flight, or bins of unequal width or not about the middle.
    """
    edges = geometry.tof_edges.astype(np.float64)
    num_file, width = edges.size - 1, (edges[-1] - edges[0]) / (edges.size - 1)
    centred = edges - np.arange(num_file + 1) * width + num_file * width / 2
    if num_file < 2 or geometry.tof_fwhm <= 0 or np.abs(centred).max() > 1e-3 * width:
        return None
    mash = max(1, round(_TOF_BIN_PER_FWHM * geometry.tof_fwhm / width))
    if num_file % 2 and mash % 2 == 0:
        mash -= 1  # odd bins about the middle hold whole bins of the file only if they are odd themselves
    reach = grid.size * grid.voxel_size / 2 + 3 * geometry.tof_fwhm / FWHM_PER_SIGMA
    most = num_file // mash
    number = min(int(np.ceil(2 * reach / (mash * width))), most)
    if (number * mash - num_file) % 2:
        number += 1 if number < most else -1
    return (number, mash * width, geometry.tof_fwhm) if number > 1 else None
