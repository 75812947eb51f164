"""The last bit of a rigid registration."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

FIRST_STEP, TOLERANCE, MAX_EVALUATIONS = 0.3, 0.03, 240
"""In degrees and mm alike: at the edge of a brain one degree is about one millimetre."""


def refine_rigid(
    information: Callable[[NDArray[np.float64]], float],
    start: NDArray[np.float64],
    centre: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Search along one direction after the other (Powell) for the rigid movement with most information.

    Gradient descent stops on the narrow ridge that thick slices make of mutual information: a pitch of the
    head and a shift along the slices look alike. A search without gradients follows the ridge.

    Args:
        information: what to maximise, of a ``(4, 4)`` matrix.
        start: ``(4, 4)``, close to the best one.
        centre: ``(3,)`` in mm, about which further rotations turn, on the side of the points that the
            matrix is applied to.

    Returns:
        ``(4, 4)``, with at least as much information as ``start``.
    """

    def matrix_of(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        turned = np.eye(4)
        turned[:3, :3] = Rotation.from_euler("xyz", parameters[:3], degrees=True).as_matrix()
        turned[:3, 3] = centre + parameters[3:] - turned[:3, :3] @ centre
        return np.asarray(start @ turned)

    result = minimize(
        lambda parameters: -information(matrix_of(parameters)),
        np.zeros(6),
        method="Powell",
        options={
            "direc": FIRST_STEP * np.eye(6),
            "xtol": TOLERANCE,
            "ftol": 1e-4,
            "maxfev": MAX_EVALUATIONS,
        },
    )
    found = matrix_of(np.asarray(result.x))
    return found if information(found) > information(start) else start
