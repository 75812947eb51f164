"""Monte Carlo of list-mode events, photon pair by photon pair; it shares no code with the reconstruction.

A decay is drawn in a voxel, moved by positron range and detector blur, and sends two photons in opposite
directions. They survive with the probability that a march through the attenuation map gives, and are counted
by the crystals that they hit. Detectors are perfect: no scatter, no dead time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.pet.grid import Grid
from preprocessing.pet.listmode.event_chunk import DetectorEvents
from preprocessing.pet.reconstruct.cylinder_scanner import CylinderScanner
from preprocessing.pet.scanner import FWHM_PER_SIGMA

RESOLUTION_FWHM = 4.5
_MARCH_STEP = 4.0
_DECAYS_PER_BLOCK = 1 << 17

Points = NDArray[np.float32]


@dataclass(frozen=True)
class EventSource:
    """What decays, and for how long.

    Attributes:
        activity: Bq/ml, ``(X, Y, Z)``.
        attenuation: 1/mm, same shape.
        grid: the voxels, in mm of the scanner's frame.
        duration: seconds.
        randoms_fraction: random coincidences as a share of the trues; as many delayeds are added.
    """

    activity: NDArray[np.float32]
    attenuation: NDArray[np.float32]
    grid: Grid
    duration: float
    randoms_fraction: float = 0.2


def generate_events(
    source: EventSource, scanner: CylinderScanner, seed: int, *, progress: bool = False
) -> DetectorEvents:
    """Simulate a scan.

    Args:
        source: activity and attenuation.
        scanner: the scanner.
        seed: decides everything that is random.
        progress: show a progress bar.

    Returns:
        Prompts (trues and randoms) and delayeds in order of time. The first detector is never the lower one,
        as PETSIRD wants it.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    weight = source.activity.reshape(-1).astype(np.float64)
    cumulative = np.cumsum(weight)
    voxel_ml = float(np.prod(source.grid.spacing)) / 1000
    # Directions steeper than the scanner's diagonal cannot be counted: they are not drawn.
    steepest = _steepest(scanner)
    decays = int(rng.poisson(cumulative[-1] * voxel_ml * source.duration * steepest))
    trues = []
    with tqdm(total=decays, desc="simulating", unit="decay", unit_scale=True, disable=not progress) as bar:
        for start in range(0, decays, _DECAYS_PER_BLOCK):
            number = min(_DECAYS_PER_BLOCK, decays - start)
            trues.append(
                _count_decays(_draw_decays(cumulative, source.grid, number, rng), source, scanner, rng)
            )
            bar.update(number)
    detectors, tof = (
        (np.concatenate(parts) for parts in zip(*trues, strict=True)) if trues else _randoms(scanner, 0, rng)
    )
    expected = source.randoms_fraction * len(detectors)
    randoms, delayeds = (_randoms(scanner, int(rng.poisson(expected)), rng) for _ in range(2))
    prompt = np.repeat([True, False], [len(detectors) + len(randoms[0]), len(delayeds[0])])
    return _in_order_of_time(
        np.concatenate([detectors, randoms[0], delayeds[0]]),
        np.concatenate([tof, randoms[1], delayeds[1]]),
        prompt,
        source.duration,
        rng,
        scanner.num_tof_bins,
    )


def _steepest(scanner: CylinderScanner) -> float:
    """Return the largest cosine between a line and the axis that can hit two crystals a radius apart.

    Args:
        scanner: the scanner; decays are within half its radius, so that no chord is shorter than 1.7 radii.
    """
    length = 2 * scanner.half_length
    return float(length / np.hypot(length, 1.7 * scanner.radius))


def _draw_decays(
    cumulative: NDArray[np.float64], grid: Grid, number: int, rng: np.random.Generator
) -> Points:
    """Return points ``(number, 3)``: uniform in a voxel drawn by activity, then blurred."""
    voxel = np.searchsorted(cumulative, rng.random(number) * cumulative[-1], side="right")
    index = np.stack(np.unravel_index(voxel, grid.shape), axis=1) + rng.random((number, 3))
    corner = np.array([grid.axis(dim)[0] for dim in range(3)]) - np.array(grid.spacing) / 2
    blur = rng.normal(scale=RESOLUTION_FWHM / FWHM_PER_SIGMA, size=(number, 3))
    points: Points = (corner + index * grid.spacing + blur).astype(np.float32)
    return points


def _count_decays(
    points: Points, source: EventSource, scanner: CylinderScanner, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Return detectors and time-of-flight bins of the decays whose photons are both counted."""
    number = len(points)
    polar = rng.uniform(-1, 1, number) * _steepest(scanner)
    azimuth = rng.uniform(0, 2 * np.pi, number)
    flat = np.sqrt(1 - polar**2)
    direction = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), polar], axis=1).astype(np.float32)

    # Where the line leaves the cylinder: |p + a d| = radius across the axis.
    b = (points[:, :2] * direction[:, :2]).sum(1) / flat**2
    c = ((points[:, :2] ** 2).sum(1) - scanner.radius**2) / flat**2
    root = np.sqrt(np.maximum(b**2 - c, 0))
    ahead, behind = -b + root, -b - root
    ends = [points + reach[:, None].astype(np.float32) * direction for reach in (behind, ahead)]
    hit = (
        (np.abs(ends[0][:, 2]) < scanner.half_length)
        & (np.abs(ends[1][:, 2]) < scanner.half_length)
        & (c < 0)
    )
    hit[hit] = rng.random(np.count_nonzero(hit)) < _survival(ends[0][hit], ends[1][hit], source)

    # The difference of the two flights: positive is nearer to the second detector.
    position = (ahead + behind)[hit] / -2 + rng.normal(
        scale=scanner.tof_fwhm / FWHM_PER_SIGMA, size=hit.sum()
    )
    tof = np.floor(position / scanner.tof_bin_size + scanner.num_tof_bins / 2)
    if scanner.num_tof_bins == 1:
        tof[:] = 0
    detectors = np.stack([_crystal(end[hit], scanner) for end in ends], axis=1)
    inside = (tof >= 0) & (tof < scanner.num_tof_bins) & (detectors[:, 0] != detectors[:, 1])
    return detectors[inside], tof[inside].astype(np.int16)


def _survival(first: Points, second: Points, source: EventSource) -> NDArray[np.float32]:
    """Return the probability that both photons leave the object: a march over the nearest voxels."""
    grid = source.grid
    along = second - first
    length = np.linalg.norm(along, axis=1)
    steps = int(np.ceil(length.max(initial=0) / _MARCH_STEP))
    total = np.zeros(len(first), np.float32)
    values, size = source.attenuation, np.array(grid.shape)
    for step in range(steps):
        index = np.rint(grid.index((first + along * ((step + 0.5) / steps)).T)).astype(np.int32)
        inside = ((index >= 0) & (index < size[:, None])).all(0)
        total[inside] += values[tuple(index[:, inside])]
    survival: NDArray[np.float32] = np.exp(-total * length / max(steps, 1))
    return survival


def _crystal(points: Points, scanner: CylinderScanner) -> NDArray[np.int32]:
    angle = np.arctan2(points[:, 1], points[:, 0]) % (2 * np.pi)
    crystal = np.floor(angle / (2 * np.pi) * scanner.crystals_per_ring).astype(np.int32)
    ring = np.floor((points[:, 2] + scanner.half_length) / scanner.ring_spacing).astype(np.int32)
    ring = np.clip(ring, 0, scanner.num_rings - 1)
    return ring * scanner.crystals_per_ring + crystal % scanner.crystals_per_ring


def _randoms(
    scanner: CylinderScanner, number: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Return unrelated pairs: any two crystals that are not neighbours, at any time of flight."""
    per_ring = scanner.crystals_per_ring
    rings = rng.integers(0, scanner.num_rings, (number, 2))
    first = rng.integers(0, per_ring, number)
    second = (first + rng.integers(per_ring // 6, per_ring - per_ring // 6 + 1, number)) % per_ring
    detectors = rings * per_ring + np.stack([first, second], axis=1)
    return detectors.astype(np.int32), rng.integers(0, scanner.num_tof_bins, number).astype(np.int16)


def _in_order_of_time(
    detectors: NDArray[np.int32],
    tof: NDArray[np.int16],
    prompt: NDArray[np.bool_],
    duration: float,
    rng: np.random.Generator,
    num_tof_bins: int,
) -> DetectorEvents:
    """Give events uniform times; swapping the detectors mirrors the time of flight."""
    time_ms = (rng.random(len(prompt)) * duration * 1000).astype(np.uint32)
    order = np.argsort(time_ms, kind="stable")
    swap = detectors[:, 0] < detectors[:, 1]
    detectors = np.where(swap[:, None], detectors[:, ::-1], detectors)
    tof = np.where(swap, num_tof_bins - 1 - tof, tof)
    return DetectorEvents(detectors[order], tof[order].astype(np.int16), prompt[order], time_ms[order])
