"""Lines of response seen along the axis: the sinogram bin, position and weight of every transaxial pair."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.scanner_geometry import SinogramGeometry
from preprocessing.pet.reconstruct.detector_layout import DetectorLayout
from preprocessing.pet.reconstruct.sampling import Sampling
from preprocessing.pet.scanner import Scanner

_TIE = 1e-6
_PAIRS_PER_BLOCK = 1 << 19

Points = NDArray[np.float64]


@dataclass(frozen=True)
class TransaxialTable:
    """What is known of a pair of detectors before its rings and its time of flight.

    Attributes:
        cell: ``(P,)``, int32, ``angle * num_bins + bin``; -1 outside the field of view, for a gap between
            blocks, and for what is no pair.
        middle: ``(P,)``, float32, coordinate t of the midpoint along the line, in mm.
        step: ``(P,)``, float32, +1 where t grows from the first detector to the second, otherwise -1.
        length: ``(P,)``, float32, distance of the two detectors in mm.
        weight: ``(P,)``, float32, share of isotropic photon pairs from 1 mm of the line, per mm2 of its
            cross-section, that hits both detectors, times mm2 (the etendue of the pair over 2 pi), times the
            efficiencies.
        pairs: ``(angle, bin)``, float32, number of pairs of each bin.
        gain: ``(angle, bin)``, float32, sum of their weights.
    """

    cell: NDArray[np.int32]
    middle: NDArray[np.float32]
    step: NDArray[np.float32]
    length: NDArray[np.float32]
    weight: NDArray[np.float32]
    pairs: NDArray[np.float32]
    gain: NDArray[np.float32]


def ring_crystals(geometry: SinogramGeometry) -> Points:
    """Place the crystals of a ring as STIR does: crystal 0 at -y, crystal N/4 at +x.

    Bin 0 of the angle (k = 0, view 0) is then the line x = 0 and a positive k lies at positive s (STIR,
    ``ProjDataInfoCylindricalNoArcCorr``).

    Args:
        geometry: the scanner.

    Returns:
        ``(2 * num_views, 2)``, x and y in mm.
    """
    angle = np.arange(2 * geometry.num_views) * (np.pi / geometry.num_views)
    return geometry.radius * np.stack([np.sin(angle), -np.cos(angle)], axis=1)


def crystals_of_bins(geometry: SinogramGeometry) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the two crystals of every bin in the order ``view * num_radial + radial``.

    Source: STIR, ``ProjDataInfoCylindricalNoArcCorr::get_det_num_pair_for_view_tangential_pos_num``.

    Args:
        geometry: the scanner.
    """
    number = 2 * geometry.num_views
    view, k = np.meshgrid(
        np.arange(geometry.num_views),
        np.arange(geometry.num_radial) - geometry.num_radial // 2,
        indexing="ij",
    )
    first = (view + k // 2) % number
    second = (view - (k + 1) // 2 + geometry.num_views) % number
    return first.reshape(-1), second.reshape(-1)


def sinogram_table(geometry: SinogramGeometry, sampling: Sampling) -> TransaxialTable:
    """Make the table of a file of sinogram bins, in the order ``view * num_radial + radial``.

    Args:
        geometry: the scanner; pairs with a virtual crystal are left out.
        sampling: where to.
    """
    crystals = ring_crystals(geometry)
    first, second = crystals_of_bins(geometry)
    every = geometry.virtual_every
    real = (first % every > 0) & (second % every > 0) if every else np.ones(first.size, bool)
    area = 2 * np.pi * geometry.radius / len(crystals) * geometry.ring_spacing
    parts = _lines(crystals[first], crystals[second], first, sampling.scanner)
    return _table([parts], real, np.full(first.size, area**2), sampling.scanner)


def detector_table(layout: DetectorLayout, sampling: Sampling) -> TransaxialTable:
    """Make the table of all pairs of transaxial positions, in the order ``low * num_positions + high``.

    Args:
        layout: the detectors.
        sampling: where to.
    """
    number = len(layout.transaxial)
    rows = max(1, _PAIRS_PER_BLOCK // number)
    every = np.arange(number)
    parts = []
    for start in range(0, number, rows):
        low, high = (
            index.reshape(-1) for index in np.meshgrid(every[start : start + rows], every, indexing="ij")
        )
        parts.append(_lines(layout.transaxial[low], layout.transaxial[high], low, sampling.scanner))
    efficiency = layout.area**2 * np.outer(layout.position_efficiency, layout.position_efficiency)
    return _table(
        parts,
        np.triu(np.ones((number, number), bool), 1).reshape(-1),
        efficiency.reshape(-1),
        sampling.scanner,
    )


def _lines(
    first: Points, second: Points, index: NDArray[np.int64], scanner: Scanner
) -> tuple[NDArray[np.int32], *tuple[NDArray[np.float32], ...]]:
    """Return cell, middle, step, length and etendue per area of pairs; ``index`` decides ties.

    Angles of a ring of crystals fall on the border of two angular bins in half of the cases. They go to
    either by turns, so that the image is not rotated and no bin is left empty.
    """
    along = second - first
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
    u = along / length[:, None]
    step = np.where((u[:, 0] > 1e-9) | ((np.abs(u[:, 0]) <= 1e-9) & (u[:, 1] < 0)), -1.0, 1.0)
    u *= step[:, None]
    s = first[:, 0] * u[:, 1] - first[:, 1] * u[:, 0]
    middle = ((first + second) / 2 * u).sum(1)

    angle = _bin_index(np.arctan2(-u[:, 0], u[:, 1]) * (scanner.num_angles / np.pi), index % 2)
    # Half a turn on, it is the same line with s and t reversed.
    turned = np.where((angle < 0) | (angle >= scanner.num_angles), -1.0, 1.0)
    radial = _bin_index(s * turned / scanner.bin_size + scanner.num_bins / 2, index // 2 % 2)
    cell = angle % scanner.num_angles * scanner.num_bins + radial
    cell[(radial < 0) | (radial >= scanner.num_bins)] = -1

    cosines = [np.abs((end * u).sum(1)) / np.hypot(end[:, 0], end[:, 1]) for end in (first, second)]
    etendue = cosines[0] * cosines[1] / (2 * np.pi * length**2)
    single = (part.astype(np.float32) for part in (middle * turned, step * turned, length, etendue))
    return (cell.astype(np.int32), *single)


def _bin_index(position: Points, parity: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bin of a position in units of bins; on a border the parity decides."""
    nearest = np.rint(position)
    tie = np.abs(position - nearest) < _TIE
    return np.where(tie, nearest - parity, np.floor(position)).astype(np.int64)


def _table(
    parts: list[tuple[NDArray[np.int32], *tuple[NDArray[np.float32], ...]]],
    real: NDArray[np.bool_],
    factor: Points,
    scanner: Scanner,
) -> TransaxialTable:
    cell, middle, step, length, etendue = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    cell[~real] = -1
    weight = (etendue * factor).astype(np.float32)
    used = np.flatnonzero(cell >= 0)
    shape = scanner.num_angles, scanner.num_bins
    pairs, gain = (
        np.bincount(cell[used], values, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float32)
        for values in (None, weight[used])
    )
    return TransaxialTable(cell, middle, step, length, weight, pairs, gain)
