"""Detectors of a scanner as transaxial positions times rings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.scanner_geometry import DetectorGeometry
from taskgan_ext.errors import RefusedListMode

_SAME_COORDINATE = 2e-3
"""Coordinates closer than this are the same position (mm): float32 transforms of modules differ by 1e-4."""
MAX_POSITIONS = 4096
"""Transaxial positions that a table over all pairs is made for: 16.8 million pairs."""


@dataclass(frozen=True)
class DetectorLayout:
    """Where the detectors of a scanner are.

    Attributes:
        transaxial: ``(num_positions, 2)``, float64, x and y of every transaxial position in mm.
        axial: ``(num_rings,)``, float64, increasing z of the rings in mm.
        position: ``(num_detectors,)``, int32, the transaxial position of a detector.
        ring: ``(num_detectors,)``, int32, the ring of a detector.
        position_efficiency: ``(num_positions,)``, float64, mean efficiency of the detectors of a position; a
            ring without a detector there counts as 0.
        ring_efficiency: ``(num_rings,)``, float64, mean efficiency of a ring, in units of the mean of all.
        separability_error: relative root mean square difference between the efficiencies and the product of
            the two factors above; 0 for a cylinder of equal rings.
        area: of the face of a detector in mm2, as if all detectors tiled the cylinder.
    """

    transaxial: NDArray[np.float64]
    axial: NDArray[np.float64]
    position: NDArray[np.int32]
    ring: NDArray[np.int32]
    position_efficiency: NDArray[np.float64]
    ring_efficiency: NDArray[np.float64]
    separability_error: float
    area: float

    @property
    def radius(self) -> float:
        """Mean distance of the detectors from the axis."""
        return float(np.hypot(*self.transaxial.T).mean())


def layout_of(geometry: DetectorGeometry) -> DetectorLayout:
    """Sort the detectors of a scanner by position and ring.

    Args:
        geometry: the scanner.

    Raises:
        RefusedListMode: there are no detectors about the axis (``header_invalid``), or too many transaxial
            positions (``unsupported``).
    """
    centres = geometry.centres.astype(np.float64)
    if len(centres) < 2 or not np.isfinite(centres).all() or np.hypot(*centres[:, :2].T).min() <= 0:
        raise RefusedListMode(
            "header_invalid", f"{geometry.name}: expected detectors about the z axis, the file describes none"
        )
    x, y, ring = (_cluster(centres[:, dim])[0] for dim in range(3))
    _, position = np.unique(x.astype(np.int64) * (int(y.max()) + 1) + y, return_inverse=True)
    num_positions = int(position.max()) + 1
    if num_positions > MAX_POSITIONS:
        raise RefusedListMode(
            "unsupported",
            f"{geometry.name}: expected at most {MAX_POSITIONS} transaxial positions of detectors, the file "
            f"describes {num_positions}; such a scanner cannot be reconstructed by this program",
        )
    axial = _cluster(centres[:, 2])[1]
    efficiency = np.zeros((num_positions, axial.size))
    np.add.at(efficiency, (position, ring), geometry.efficiencies)
    by_position, by_ring = efficiency.mean(1), efficiency.mean(0) / efficiency.mean()
    residual = efficiency - np.outer(by_position, by_ring)
    transaxial = _mean_by(position, centres[:, :2], num_positions)
    perimeter = 2 * np.pi * float(np.hypot(*transaxial.T).mean())
    return DetectorLayout(
        transaxial=transaxial,
        axial=axial,
        position=position.astype(np.int32),
        ring=ring,
        position_efficiency=by_position,
        ring_efficiency=by_ring,
        separability_error=float(np.linalg.norm(residual) / np.linalg.norm(efficiency)),
        area=perimeter / num_positions * geometry.ring_spacing,
    )


def _cluster(values: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Give equal coordinates one label, in increasing order; return labels and the mean of each cluster."""
    order = np.argsort(values, kind="stable")
    labels = np.empty(values.size, np.int32)
    labels[order] = np.concatenate([[0], np.cumsum(np.diff(values[order]) > _SAME_COORDINATE)])
    return labels, _mean_by(labels, values[:, None], int(labels.max()) + 1)[:, 0]


def _mean_by(labels: NDArray[np.integer], values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the mean of the rows of ``values`` with each label."""
    sums = np.stack([np.bincount(labels, column, minlength=size) for column in values.T], axis=1)
    return sums / np.bincount(labels, minlength=size)[:, None]
