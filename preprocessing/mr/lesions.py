"""White matter lesions like those of multiple sclerosis."""

from dataclasses import dataclass

import numpy as np

from preprocessing.mr.soft_shapes import Ellipsoid, Field, filled

_NUM_LESIONS = (5, 25)
_PERIVENTRICULAR_MM, _ELSEWHERE = 5.0, 0.04
_LOG_RADIUS_SD, _MEDIAN_RADIUS, _RADIUS_RANGE = 0.45, 3.0, (1.2, 9.0)
_SEVERITY = (0.5, 1.0)
_PURE = 0.9  # least share of white matter where a lesion has its centre


@dataclass(frozen=True)
class Lesions:
    """The lesions of one head.

    Attributes:
        share: of each voxel's white matter that is lesion, 0..1.
        number: of lesions.
    """

    share: Field
    number: int


def draw_lesions(
    white: Field,
    ventricle_distance: Field,
    position: tuple[Field, Field, Field],
    voxel: float,
    rng: np.random.Generator,
) -> Lesions:
    """Draw the lesions of a patient: ellipsoids in white matter, most of them near the ventricles.

    Args:
        white: share of white matter in each voxel.
        ventricle_distance: distance to the ventricles in mm.
        position: coordinates in mm.
        voxel: side of a voxel in mm.
        rng: source of randomness.
    """
    share: Field = np.zeros(white.shape, dtype=np.float32)
    candidates = np.flatnonzero(white > _PURE)
    if candidates.size == 0:
        return Lesions(share, 0)
    distance = ventricle_distance.ravel()[candidates].astype(np.float64)
    odds = np.cumsum(np.exp(-np.clip(distance, 0, None) / _PERIVENTRICULAR_MM) + _ELSEWHERE)
    number = int(rng.integers(*_NUM_LESIONS, endpoint=True))
    for draw in rng.uniform(0, odds[-1], number):
        centre = np.unravel_index(candidates[np.searchsorted(odds, draw)], white.shape)
        _add_lesion(share, centre, position, voxel, rng)
    return Lesions(share, number)


def _add_lesion(
    share: Field,
    centre: tuple[np.intp, ...],
    position: tuple[Field, Field, Field],
    voxel: float,
    rng: np.random.Generator,
) -> None:
    radius = np.exp(_LOG_RADIUS_SD * rng.standard_normal()) * _MEDIAN_RADIUS
    ratios = rng.uniform((0.9, 0.8, 0.8), (2.0, 1.3, 1.3))
    long, middle, short = np.clip(radius * ratios, *_RADIUS_RANGE).tolist()
    turn, tilt = rng.uniform(-90, 90, 2).tolist()
    severity = float(rng.uniform(*_SEVERITY))
    reach = int(np.ceil(max(long, middle, short) / voxel)) + 2
    window = tuple(slice(max(0, int(c) - reach), int(c) + reach + 1) for c in centre)
    shape = Ellipsoid(
        (float(position[0][centre]), float(position[1][centre]), float(position[2][centre])),
        (middle, long, short),
        turn,
        tilt,
    )
    local = (position[0][window], position[1][window], position[2][window])
    # Where lesions overlap the more severe one counts.
    np.maximum(share[window], severity * filled(shape.distance(local), voxel), out=share[window])
