"""Lines of response in space: those of events, and random ones of a scanner."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.event_chunk import DetectorEvents, EventChunk, SinogramEvents
from preprocessing.pet.reconstruct.axial_table import ring_pairs
from preprocessing.pet.reconstruct.line_model import LineModel, SinogramLines
from preprocessing.pet.reconstruct.transaxial_table import crystals_of_bins, ring_crystals


@dataclass(frozen=True)
class LineSet:
    """Lines with their ends.

    Attributes:
        first: ``(n, 3)``, float32, the first detector in mm of the scanner's frame.
        second: ``(n, 3)``, float32, the second one.
        offset: ``(n,)``, float32, measured position from the middle towards the second detector in mm; 0
            without time of flight.
        weight: ``(n,)``, float32, share of the decays of 1 mm of the line and 1 mm2 across that is counted,
            times mm2, without attenuation.
    """

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    offset: NDArray[np.float32]
    weight: NDArray[np.float32]


class LineSource:
    """Lines of a scanner.

    Args:
        model: the scanner.
    """

    def __init__(self, model: LineModel) -> None:
        self.model = model
        if isinstance(model, SinogramLines):
            geometry = model.geometry
            crystals = ring_crystals(geometry)
            first, second = crystals_of_bins(geometry)
            self._first, self._second = crystals[first], crystals[second]
            self._rings = (ring_pairs(geometry) - (geometry.num_rings - 1) / 2) * geometry.ring_spacing
            self._ring_weight = np.ones(len(self._rings))
        else:
            layout = model.layout
            number = len(layout.transaxial)
            self._first = np.repeat(layout.transaxial, number, axis=0)
            self._second = np.tile(layout.transaxial, (number, 1))
            rings = np.stack(np.meshgrid(layout.axial, layout.axial, indexing="ij"), axis=-1)
            self._rings = rings.reshape(-1, 2)
            self._ring_weight = np.outer(layout.ring_efficiency, layout.ring_efficiency).reshape(-1)
        self._used = np.flatnonzero(model.transaxial.cell >= 0)

    @property
    def num_lines(self) -> int:
        """Lines through the field of view."""
        return self._used.size * len(self._rings)

    def of_events(self, events: EventChunk) -> LineSet:
        """Return the lines of events.

        Args:
            events: the events; those outside the field of view have weight 0.
        """
        if isinstance(events, SinogramEvents):
            assert isinstance(self.model, SinogramLines)
            pair = events.view.astype(np.int64) * self.model.geometry.num_radial + events.radial
            return self._lines(pair, events.plane.astype(np.int64), np.zeros(pair.size))
        assert isinstance(events, DetectorEvents)
        assert not isinstance(self.model, SinogramLines)
        layout = self.model.layout
        position, ring = layout.position[events.detectors], layout.ring[events.detectors]
        swapped = position[:, 0] > position[:, 1]
        number, num_rings = len(layout.transaxial), len(layout.axial)
        pair = position.min(1).astype(np.int64) * number + position.max(1)
        low_ring = np.where(swapped, ring[:, 1], ring[:, 0])
        rings = low_ring.astype(np.int64) * num_rings + ring.sum(1) - low_ring
        offset = self.model.sampling.tof_offsets[events.tof if self.model.sampling.with_tof else 0]
        return self._lines(pair, rings, np.where(swapped, -offset, offset))

    def draw(self, number: int, generator: np.random.Generator) -> LineSet:
        """Draw lines of the field of view, each with the same probability.

        Args:
            number: how many.
            generator: source of randomness.
        """
        pair = self._used[generator.integers(0, self._used.size, number)]
        return self._lines(pair, generator.integers(0, len(self._rings), number), np.zeros(number))

    def _lines(
        self, pair: NDArray[np.int64], rings: NDArray[np.int64], offset: NDArray[np.floating]
    ) -> LineSet:
        z = self._rings[rings]
        table = self.model.transaxial
        length = table.length[pair]
        cosine = length / np.hypot(length, z[:, 1] - z[:, 0])
        # A line of elevation e has cos^2 e of the projected detectors and 1 / cos^2 e of the squared length.
        weight = table.weight[pair] * cosine**4 * self._ring_weight[rings] * (table.cell[pair] >= 0)
        return LineSet(
            np.column_stack([self._first[pair], z[:, 0]]).astype(np.float32),
            np.column_stack([self._second[pair], z[:, 1]]).astype(np.float32),
            np.broadcast_to(offset, pair.shape).astype(np.float32),
            weight.astype(np.float32),
        )
