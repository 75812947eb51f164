"""Rigid registration of a conventional scan to the MDME images of the same person."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name in its manual
from numpy.typing import NDArray

from preprocessing.mr.mutual_information import NUM_BINS, mutual_information, to_bins
from preprocessing.mr.registration_record import RegistrationRecord, angles_of
from preprocessing.mr.rigid_refinement import refine_rigid
from preprocessing.mr.volume import Volume, ras_matrix, transform_points
from taskgan_ext.errors import DataError

LEVELS = ((4.0, 3.0, 1.0), (2.0, 1.5, 0.5), (0.0, 0.0, 0.25))
"""Resolution and smoothing (Gaussian sigma) of each level and its first step, in mm; the last is full
resolution."""
ITERATIONS, MIN_STEP, RELAXATION = 80, 1e-3, 0.6
SAMPLES = 0.5
"""Share of the voxels that the optimiser looks at."""
MIN_GAIN = 0.025
"""A movement is accepted when the mutual information in the brain grows by this share: a registration of
images that are aligned already gains less, and makes them worse."""
MIN_INFORMATION = 0.05
"""In nats; chance alone makes as much of the few thousand points that are compared."""
MAX_SHIFT_MM, MAX_ANGLE = 25.0, 20.0
"""Nobody moves further between two scans of one session."""
MIN_OVERLAP, MIN_COVERAGE = 0.5, 0.9
"""Least share of the brain within a scan's field of view, before and after the registration."""
_CHECK_POINTS = 10_000, 40_000


def register(
    fixed: Volume, moving: Volume, brain: NDArray[np.bool_], seed: int = 0
) -> tuple[NDArray[np.float64], RegistrationRecord]:
    """Find the rigid movement between two scans, and keep it only where it is an improvement.

    Maximises Mattes mutual information in the brain by gradient descent from coarse to full resolution,
    starting in the scanner's frame, and refines the result without gradients. The movement is accepted when
    the information, measured at random points between the voxels of either image, grows by ``MIN_GAIN`` and
    the movement is within limits; otherwise the scan stays where it is. One thread and a fixed seed give the
    same result every time.

    Args:
        fixed: an image or a map of the MDME side, of any contrast.
        moving: the conventional scan.
        brain: ``(X, Y, Z)`` on the grid of ``fixed``.
        seed: of the sampling.

    Returns:
        ``(4, 4)`` matrix from RAS millimetres of ``fixed`` to those of ``moving``, and what was done.

    Raises:
        DataError: the scan's field of view does not cover the brain.
    """
    points = _random_points(fixed, brain, seed)
    _require_coverage(moving, points, MIN_OVERLAP)
    information = _information(fixed, moving, points)
    try:
        with _one_thread():
            coarse = _optimise(fixed, moving, brain, information, seed)
    except RuntimeError as error:
        # SimpleITK gives up where it meets no values that vary, for one; its last line says why.
        why = str(error).strip().splitlines()[-1]
        return _left_in_place(moving, points, information, f"the optimiser failed: {why}")
    corners, centre = _box(fixed, brain)
    found = refine_rigid(information, coarse, centre[0])
    identity = np.eye(4)
    before, after = information(identity), information(found)
    movement = transform_points(centre, found) - centre
    shift = (float(movement[0, 0]), float(movement[0, 1]), float(movement[0, 2]))
    angles = angles_of(found)
    accepted, reason = _judge(before, after, float(np.linalg.norm(shift)), max(map(abs, angles)))
    matrix = found if accepted else identity
    return matrix, RegistrationRecord(
        accepted=accepted,
        reason=reason,
        information_before=before,
        information_after=after,
        mean_corner_shift=float(np.linalg.norm(transform_points(corners, found) - corners, axis=1).mean()),
        shift=shift,
        angles=angles,
        coverage=_require_coverage(moving, transform_points(points, matrix), MIN_COVERAGE),
    )


def compare(
    fixed: Volume, moving: Volume, brain: NDArray[np.bool_], seed: int = 0
) -> tuple[NDArray[np.float64], RegistrationRecord]:
    """Leave the scan where the scanner says; arguments, results and errors as of ``register``."""
    points = _random_points(fixed, brain, seed)
    information = _information(fixed, moving, points)
    return _left_in_place(moving, points, information, "registration was switched off")


def _left_in_place(
    moving: Volume,
    points: NDArray[np.float64],
    information: Callable[[NDArray[np.float64]], float],
    reason: str,
) -> tuple[NDArray[np.float64], RegistrationRecord]:
    found = information(np.eye(4))
    return np.eye(4), RegistrationRecord(
        accepted=False,
        reason=reason,
        information_before=found,
        information_after=found,
        mean_corner_shift=0.0,
        shift=(0.0, 0.0, 0.0),
        angles=(0.0, 0.0, 0.0),
        coverage=_require_coverage(moving, points, MIN_COVERAGE),
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums must not depend on the order in which threads end; the metric only heeds the global number."""
    threads = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)


def _optimise(
    fixed: Volume,
    moving: Volume,
    brain: NDArray[np.bool_],
    information: Callable[[NDArray[np.float64]], float],
    seed: int,
) -> NDArray[np.float64]:
    """Go through the levels; a level that ends where there is less information is taken back."""
    fixed, brain = _crop(fixed, brain)
    best = sitk.Euler3DTransform()
    best.SetCenter((_box(fixed, brain)[1][0] * (-1, -1, 1)).tolist())
    images = fixed.to_itk(), moving.to_itk()
    mask = Volume(brain.astype(np.float32), fixed.affine).to_itk()
    for resolution, sigma, step in LEVELS:
        transform = sitk.Euler3DTransform(best)
        coarse = [_coarsen(image, resolution, sigma) for image in images]
        method = sitk.ImageRegistrationMethod()
        method.SetMetricAsMattesMutualInformation(NUM_BINS)
        method.SetMetricFixedMask(sitk.Cast(sitk.Shrink(mask, _factors(mask, resolution)), sitk.sitkUInt8))
        method.SetMetricSamplingStrategy(method.RANDOM)
        method.SetMetricSamplingPercentage(SAMPLES, seed + 1)  # 0 would mean the time of day
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(step, MIN_STEP, ITERATIONS, RELAXATION)
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetInitialTransform(transform, inPlace=True)
        method.Execute(*coarse)
        if information(ras_matrix(transform)) > information(ras_matrix(best)):
            best = transform
    return ras_matrix(best)


def _coarsen(image: sitk.Image, resolution: float, sigma: float) -> sitk.Image:
    if sigma > 0:
        # Along an axis with thick slices the image is as smooth as that already.
        sigmas = [sigma if size < 2 * sigma else 1e-3 * size for size in image.GetSpacing()]
        image = sitk.SmoothingRecursiveGaussian(image, sigmas)
    return sitk.Shrink(image, _factors(image, resolution))


def _factors(image: sitk.Image, resolution: float) -> list[int]:
    return [max(1, round(resolution / size)) for size in image.GetSpacing()]


def _crop(volume: Volume, brain: NDArray[np.bool_]) -> tuple[Volume, NDArray[np.bool_]]:
    """Cut to the box about the brain and two voxels more."""
    where = np.argwhere(brain)
    low = np.maximum(where.min(axis=0) - 2, 0)
    box = tuple(slice(a, b) for a, b in zip(low, where.max(axis=0) + 3, strict=True))
    affine = volume.affine.copy()
    affine[:3, 3] = transform_points(low[None].astype(float), volume.affine)[0]
    return Volume(volume.data[box], affine), brain[box]


def _information(
    fixed: Volume, moving: Volume, points: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], float]:
    """Mutual information at points as a function of a movement.

    Points that come to lie outside the scan's field of view do not count.
    """
    target = fixed.sample(points)
    all_bins = to_bins(target)

    def information(matrix: NDArray[np.float64]) -> float:
        values, inside = moving.sample_moved(points, matrix)
        if not inside.any():
            return 0.0
        bins = all_bins if inside.all() else to_bins(target[inside])
        return mutual_information(bins, to_bins(values))

    return information


def _random_points(volume: Volume, brain: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    """Points in the brain that are not on the grid: values on it are sharper than between it."""
    rng = np.random.default_rng(seed)
    voxels = np.argwhere(brain)
    number = int(np.clip(len(voxels) / 2, *_CHECK_POINTS))
    chosen = voxels[rng.integers(len(voxels), size=number)]
    return transform_points(chosen + rng.uniform(-0.5, 0.5, chosen.shape), volume.affine)


def _box(volume: Volume, brain: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners ``(8, 3)`` and centre ``(1, 3)`` of the box about the brain, RAS millimetres."""
    where = np.argwhere(brain)
    low, high = where.min(axis=0) - 0.5, where.max(axis=0) + 0.5
    corners = transform_points(np.array(list(product(*zip(low, high, strict=True)))), volume.affine)
    return corners, corners.mean(axis=0, keepdims=True)


def _require_coverage(moving: Volume, points: NDArray[np.float64], least: float) -> float:
    coverage = float(moving.covers(points).mean())
    if coverage < least:
        raise DataError(
            f"expected a scan whose field of view covers at least {least:.0%} of the brain in the MDME "
            f"images, found {coverage:.0%}; check that both are of the same person and session"
        )
    return coverage


def _judge(before: float, after: float, shift: float, angle: float) -> tuple[bool, str]:
    if shift > MAX_SHIFT_MM or angle > MAX_ANGLE:
        return False, (
            f"a movement by {shift:.1f} mm and {angle:.1f} degrees is beyond the limits of "
            f"{MAX_SHIFT_MM:.0f} mm and {MAX_ANGLE:.0f} degrees"
        )
    if after < MIN_INFORMATION:
        return False, f"both images tell next to nothing of each other ({after:.3f} nats in the brain)"
    gain = after / max(before, 1e-9) - 1
    if gain < MIN_GAIN:
        return False, f"mutual information grows by {gain:.1%}, less than {MIN_GAIN:.1%}"
    return True, f"mutual information grows by {gain:.1%}"
