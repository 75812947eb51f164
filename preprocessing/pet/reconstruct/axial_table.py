"""Pairs of rings: to which plane single-slice rebinning puts them, and with which weight."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.scanner_geometry import SinogramGeometry
from preprocessing.pet.reconstruct.detector_layout import DetectorLayout
from preprocessing.pet.reconstruct.sampling import Sampling


@dataclass(frozen=True)
class AxialTable:
    """Sensitivity of the planes.

    A line of elevation e has cos^2 e over the square of its length less etendue than the direct one, and a
    path that is 1 / cos e longer: together cos^3 e.

    Attributes:
        gain: ``(tof, plane)``, float32, sum of cos^3 e over the ordered pairs of rings of a plane; a triangle
            over the planes for the middle time-of-flight bin, flatter for the outer ones.
        obliquity: ``(plane,)``, float32, mean 1 / cos e of a plane: by how much the path through the patient
            is longer than in the plane.
    """

    gain: NDArray[np.float32]
    obliquity: NDArray[np.float32]


def ring_pairs(geometry: SinogramGeometry) -> NDArray[np.int32]:
    """Return the rings of every oblique plane of a file of sinogram bins.

    Segments stand in the order 0, -1, +1, -2, +2, ...; segment d is the ring of the second crystal less
    that of the first (STIR, ``CListRecordECAT8_32bit`` and
    ``ProjDataInfo::get_segment_num_for_ring_difference``).

    Args:
        geometry: the scanner.

    Returns:
        ``(num_oblique_planes, 2)``, the rings of the first and the second crystal.
    """
    pairs = []
    for difference in range(geometry.max_ring_difference + 1):
        low = np.arange(geometry.num_rings - difference, dtype=np.int32)
        high = low + difference
        pairs.append(np.stack([high, low], axis=1))  # negative segment
        if difference:
            pairs.append(np.stack([low, high], axis=1))
    return np.concatenate(pairs)


def sinogram_axial_table(geometry: SinogramGeometry, sampling: Sampling) -> AxialTable:
    """Make the table of a file of sinogram bins.

    Args:
        geometry: the scanner.
        sampling: its planes.
    """
    z = (ring_pairs(geometry) - (geometry.num_rings - 1) / 2) * geometry.ring_spacing
    return _axial_table(z, np.ones(len(z)), 2 * geometry.radius, sampling)


def detector_axial_table(layout: DetectorLayout, sampling: Sampling) -> AxialTable:
    """Make the table of all ordered pairs of rings.

    Args:
        layout: the detectors.
        sampling: planes and time-of-flight bins.
    """
    first, second = np.meshgrid(layout.axial, layout.axial, indexing="ij")
    weight = np.outer(layout.ring_efficiency, layout.ring_efficiency)
    z = np.stack([first.reshape(-1), second.reshape(-1)], axis=1)
    return _axial_table(z, weight.reshape(-1), 2 * layout.radius, sampling)


def tof_bins_of(sampling: Sampling, t: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the time-of-flight bin of coordinates along the line; outside the bins it is < 0 or too large.

    Args:
        sampling: the bins.
        t: mm.
    """
    scanner = sampling.scanner
    return np.floor(t / scanner.tof_bin_size + scanner.num_tof_bins / 2).astype(np.int64)


def _axial_table(
    z: NDArray[np.floating], weight: NDArray[np.float64], diameter: float, sampling: Sampling
) -> AxialTable:
    """Add up the pairs of rings ``z``, ``(pairs, 2)``, as lines of the length of the diameter."""
    rise = z[:, 1] - z[:, 0]
    length = np.hypot(diameter, rise)
    weight = weight * (diameter / length) ** 3
    gain = np.zeros((sampling.scanner.num_tof_bins, sampling.num_planes))
    oblique = np.zeros(sampling.num_planes)
    bins = (
        tof_bins_of(sampling, sampling.tof_offsets.astype(np.float64))
        if sampling.with_tof
        else np.zeros(1, int)
    )
    members = np.bincount(bins[(bins >= 0) & (bins < len(gain))], minlength=len(gain))
    for offset, k in zip(sampling.tof_offsets.astype(np.float64), bins, strict=True):
        if 0 <= k < len(gain):
            plane = np.rint(
                (z.mean(1) + offset * rise / length - sampling.first_plane) / sampling.plane_spacing
            )
            inside = (plane >= 0) & (plane < sampling.num_planes)
            index = plane[inside].astype(np.int64)
            gain[k] += np.bincount(index, weight[inside], sampling.num_planes) / members[k]
            oblique += np.bincount(index, (weight * length)[inside], sampling.num_planes) / members[k]
    total = gain.sum(0)
    mean = np.divide(oblique / diameter, total, out=np.ones_like(total), where=total > 0)
    return AxialTable(gain.astype(np.float32), mean.astype(np.float32))
