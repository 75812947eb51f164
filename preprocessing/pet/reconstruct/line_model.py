"""A scanner as its reconstruction sees it: sampling, tables and the cells that events fall into."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.event_chunk import DetectorEvents, EventChunk, SinogramEvents
from preprocessing.pet.listmode.scanner_geometry import DetectorGeometry, Geometry, SinogramGeometry
from preprocessing.pet.reconstruct.axial_table import (
    AxialTable,
    detector_axial_table,
    ring_pairs,
    sinogram_axial_table,
    tof_bins_of,
)
from preprocessing.pet.reconstruct.detector_layout import DetectorLayout, layout_of
from preprocessing.pet.reconstruct.sampling import Sampling, detector_sampling, sinogram_sampling
from preprocessing.pet.reconstruct.transaxial_table import TransaxialTable, detector_table, sinogram_table
from preprocessing.pet.scanner import ImageGrid
from taskgan_ext.errors import RefusedListMode

OUTSIDE_VIEW, OUTSIDE_TOF = -1, -2
"""Cells of events outside the field of view, and outside the time-of-flight bins."""


@dataclass(frozen=True)
class SinogramLines:
    """The lines of a file of sinogram bins (single-slice rebinning, Daube-Witherspoon & Muehllehner 1987).

    Attributes:
        geometry: the scanner.
        sampling: angles, bins and planes.
        transaxial: per ``view * num_radial + radial``.
        axial: per plane.
        plane: ``(num_oblique_planes,)``, int32, the image plane of an oblique plane: the sum of its rings.
    """

    geometry: SinogramGeometry
    sampling: Sampling
    transaxial: TransaxialTable
    axial: AxialTable
    plane: NDArray[np.int32]

    def cells(self, events: EventChunk) -> NDArray[np.int64]:
        """Return the flat index of each event in the histogram ``(plane, tof, angle, bin)``, or -1.

        Args:
            events: the events.

        Raises:
            TypeError: the events name detectors.
        """
        if not isinstance(events, SinogramEvents):
            raise TypeError(f"expected events that name sinogram bins, got {type(events).__name__}")
        pair = events.view.astype(np.int32) * np.int32(self.geometry.num_radial) + events.radial
        cell = self.transaxial.cell[pair]
        flat = self.plane[events.plane].astype(np.int64) * self.transaxial.gain.size + cell
        return np.where(cell < 0, OUTSIDE_VIEW, flat)


@dataclass(frozen=True)
class DetectorLines:
    """The lines of a file of pairs of detectors (time-of-flight single-slice rebinning).

    The event is put where its time of flight says that it happened: into the plane and the time-of-flight bin
    of that point (Mullani et al., 1982), instead of the plane of the middle of the line.

    Attributes:
        geometry: the scanner.
        layout: its detectors.
        sampling: angles, bins, time-of-flight bins and planes.
        transaxial: per ``low * num_positions + high``.
        axial: per time-of-flight bin and plane.
    """

    geometry: DetectorGeometry
    layout: DetectorLayout
    sampling: Sampling
    transaxial: TransaxialTable
    axial: AxialTable

    def cells(self, events: EventChunk) -> NDArray[np.int64]:
        """Return the flat index of each event in the histogram ``(plane, tof, angle, bin)``, or -1 or -2.

        Args:
            events: the events; the order of the two detectors does not matter, if the time of flight is that
                of the order.

        Raises:
            TypeError: the events name sinogram bins.
        """
        if not isinstance(events, DetectorEvents):
            raise TypeError(f"expected events that name detectors, got {type(events).__name__}")
        position = self.layout.position[events.detectors]
        z = self.layout.axial.astype(np.float32)[self.layout.ring[events.detectors]]
        swapped = position[:, 0] > position[:, 1]
        pair = position.min(1).astype(np.int64) * len(self.layout.transaxial) + position.max(1)
        table, sampling = self.transaxial, self.sampling
        cell = table.cell[pair]
        middle = (z[:, 0] + z[:, 1]) / 2
        if sampling.with_tof:
            offset = sampling.tof_offsets[events.tof]  # towards the second detector
            length, rise = table.length[pair], z[:, 1] - z[:, 0]
            along = offset / np.hypot(length, rise)
            middle += along * rise
            shift = np.where(swapped, -along, along) * length
            tof = tof_bins_of(sampling, table.middle[pair] + table.step[pair] * shift)
        else:
            tof = np.zeros(len(pair), np.int64)
        plane = np.rint((middle - sampling.first_plane) / sampling.plane_spacing).astype(np.int64)
        num_tof = sampling.scanner.num_tof_bins
        flat = (plane * num_tof + tof) * table.gain.size + cell
        flat[(tof < 0) | (tof >= num_tof)] = OUTSIDE_TOF
        flat[(cell < 0) | (plane < 0) | (plane >= sampling.num_planes)] = OUTSIDE_VIEW
        return flat


LineModel = SinogramLines | DetectorLines


def line_model(geometry: Geometry, grid: ImageGrid, num_subsets: int) -> LineModel:
    """Prepare the reconstruction of a scanner's files.

    Args:
        geometry: the scanner.
        grid: pixels of the image.
        num_subsets: ordered subsets.

    Raises:
        RefusedListMode: ``unsupported``, when no line of the scanner passes through the image.
    """
    if isinstance(geometry, SinogramGeometry):
        sampling = sinogram_sampling(geometry, grid, num_subsets)
        rings = ring_pairs(geometry)
        model: LineModel = SinogramLines(
            geometry,
            sampling,
            sinogram_table(geometry, sampling),
            sinogram_axial_table(geometry, sampling),
            rings.sum(1).astype(np.int32),
        )
    else:
        layout = layout_of(geometry)
        sampling = detector_sampling(geometry, layout, grid, num_subsets)
        model = DetectorLines(
            geometry,
            layout,
            sampling,
            detector_table(layout, sampling),
            detector_axial_table(layout, sampling),
        )
    if not (model.transaxial.gain.any() and model.axial.gain.any()):
        raise RefusedListMode(
            "unsupported",
            f"{geometry.name}: expected lines between detectors through the image, found none; the detectors "
            "do not surround it",
        )
    return model
