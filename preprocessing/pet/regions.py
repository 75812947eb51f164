"""The brain regions of the phantom: where they lie, how they take up tracer, and their codes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CEREBELLUM = 20
"""Code of cerebellar grey matter, the reference region of every SUVR."""
WHITE_MATTER = 30
"""Code of cerebral white matter."""


@dataclass(frozen=True)
class Region:
    """A cortical (or striatal) region: a pair of Gaussians, mirrored at x = 0, in MNI space.

    Attributes:
        name: short name, used in sidecars.
        code: value in the region map.
        centre: centre of the right half.
        sigma: extent along x, y and z.
        baseline: mean uptake of an amyloid-negative subject; cerebellar grey matter is 1.
        increase: additional uptake at amyloid load 1.
        composite: whether the region counts for the composite SUVR that decides the label.
    """

    name: str
    code: int
    centre: tuple[float, float, float]
    sigma: tuple[float, float, float]
    baseline: float
    increase: float
    composite: bool


# The uptakes follow the regional means of florbetaben in controls and patients with Alzheimer's disease
# (Bullich et al., Alzheimers Res Ther 2021, doi 10.1186/s13195-021-00807-6, table 3), before partial volume.
REGIONS = (
    Region("frontal", 1, (30, 42, 12), (30, 24, 26), 0.98, 1.00, True),
    Region("latfrontal", 2, (44, 18, 28), (16, 22, 20), 0.98, 0.95, True),
    Region("orbitofrontal", 3, (20, 36, -14), (20, 18, 10), 1.00, 1.05, True),
    Region("temporal", 4, (56, -22, -14), (14, 30, 14), 0.98, 0.85, True),
    Region("parietal", 5, (42, -56, 42), (18, 18, 16), 0.96, 0.90, True),
    Region("precuneus", 6, (8, -62, 42), (12, 14, 16), 1.00, 1.15, True),
    Region("pcc", 7, (6, -44, 26), (8, 12, 12), 1.12, 1.10, True),
    Region("acc", 8, (6, 34, 16), (8, 16, 16), 1.08, 1.10, True),
    Region("occipital", 9, (20, -88, 4), (24, 12, 20), 1.06, 0.55, False),
    Region("sensorimotor", 10, (36, -22, 58), (22, 12, 14), 0.96, 0.35, False),
    Region("mtl", 11, (26, -18, -20), (10, 16, 10), 1.00, 0.25, False),
    Region("striatum", 12, (18, 8, 2), (12, 14, 10), 1.05, 0.80, False),
)

STAGING = (
    "precuneus", "pcc", "orbitofrontal", "frontal", "acc", "latfrontal",
    "parietal", "temporal", "striatum", "occipital", "sensorimotor", "mtl",
)  # fmt: skip
"""Order in which amyloid reaches the regions."""

REGION_CODES = {region.name: region.code for region in REGIONS} | {
    "cerebellum": CEREBELLUM,
    "white_matter": WHITE_MATTER,
}
"""Name to code of every value in a region map; 0 is everything else."""

COMPOSITE_CODES = tuple(region.code for region in REGIONS if region.composite)
"""Codes of the regions whose voxels make the composite SUVR."""


def region_weights(position: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weight of each region, 1 at its centre.

    Args:
        position: points in MNI space, shape ``(3, points)``.

    Returns:
        Weights of shape ``(regions, points)`` in the order of ``REGIONS``.
    """
    x, y, z = np.abs(position[0]), position[1], position[2]
    weights = np.empty((len(REGIONS), position.shape[1]), dtype=np.float32)
    for weight, region in zip(weights, REGIONS, strict=True):
        distance2 = np.zeros_like(x)
        for coordinate, centre, sigma in zip((x, y, z), region.centre, region.sigma, strict=True):
            distance2 += ((coordinate - np.float32(centre)) / np.float32(sigma)) ** 2
        weight[:] = np.exp(-0.5 * distance2)
    return weights


def cerebellum_membership(position: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far a point belongs to the cerebellum: below the tentorium and behind the brain stem.

    Args:
        position: points in MNI space, shape ``(3, points)``.

    Returns:
        Values 0..1 of shape ``(points,)``.
    """
    _, y, z = position
    below_tentorium = _logistic(-(z + 16 + 0.28 * (y + 44)) / 2.5)
    behind_stem = _logistic(-(y + 34) / 3)
    return below_tentorium * behind_stem


def region_map(
    weights: NDArray[np.float32],
    cerebellum: NDArray[np.float32],
    grey_matter: NDArray[np.float32],
    white_matter: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Give each point the code of the region to which it surely belongs, or 0.

    Composite cortex needs three quarters of its weight in composite regions and gets the code of the
    strongest of them; the other regions need half of the weight themselves.

    Args:
        weights: from ``region_weights``, shape ``(regions, points)``.
        cerebellum: from ``cerebellum_membership``, shape ``(points,)``.
        grey_matter: grey matter fraction 0..1, shape ``(points,)``.
        white_matter: white matter fraction 0..1, shape ``(points,)``.

    Returns:
        Codes of shape ``(points,)``.
    """
    total = weights.sum(axis=0) + np.float32(1e-3)
    composite = np.array([region.composite for region in REGIONS])
    codes = np.array([region.code for region in REGIONS], dtype=np.uint8)
    in_composite = weights[composite].sum(axis=0) / total > 0.75
    other = weights[~composite].argmax(axis=0)
    in_other = weights[~composite].max(axis=0) / total > 0.5
    cortex = (grey_matter > 0.6) & (cerebellum < 0.2)

    result = np.zeros(total.shape, dtype=np.uint8)
    result[(white_matter > 0.9) & (cerebellum < 0.2)] = WHITE_MATTER
    result[(grey_matter > 0.6) & (cerebellum > 0.8)] = CEREBELLUM
    result = np.where(cortex & in_other, codes[~composite][other], result)
    return np.where(cortex & in_composite, codes[composite][weights[composite].argmax(axis=0)], result)


def _logistic(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.reciprocal(1 + np.exp(-x))
