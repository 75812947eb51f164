"""The update of ordered subsets when the sensitivity of a plane depends on the time of flight."""

from dataclasses import dataclass

import torch

from preprocessing.pet.osem import reconstruction_circle
from preprocessing.pet.system_matrix import SystemMatrix

_SMALLEST_EXPECTATION = 1e-12
_SMALLEST_SENSITIVITY = 1e-6


@dataclass(frozen=True)
class PlanarData:
    """Data of some planes, in subset order (see ``preprocessing.pet.stack``).

    The expected counts of a bin are ``axial * (multiplicative * A x + additive)``.

    Attributes:
        counts: prompts, ``(subset, tof, angle of the subset, bin, Z)``, float32.
        multiplicative: ``(subset, angle of the subset, bin, Z)``.
        additive: same shape.
        axial: ``(tof, Z)``.
    """

    counts: torch.Tensor
    multiplicative: torch.Tensor
    additive: torch.Tensor
    axial: torch.Tensor


def planar_osem(data: PlanarData, matrix: SystemMatrix, num_iterations: int, start: float) -> torch.Tensor:
    """Reconstruct planes from counts (Hudson & Larkin, IEEE Trans Med Imaging 13, 1994).

    With b = axial, one update with subset s is::

        X <- X * A_s^T( m_s y_s / (m_s (A_s X) + a_s) ) / A_s^T(b m_s)

    since b cancels in the ratio of measured to expected counts. Where b is 1 this is
    ``preprocessing.pet.osem.osem``.

    Args:
        data: counts and factors.
        matrix: projector A with its adjoint.
        num_iterations: passes over all subsets.
        start: value of the start image inside the circle, near the mean of the result.

    Returns:
        ``(num_pixels, Z)``, in the unit that the factors imply; 0 outside the circle, and in planes and
        pixels that no line sees.
    """
    num_columns = data.counts.shape[-1]
    circle = reconstruction_circle(matrix.grid)[:, None]
    image = (circle * start).expand(-1, num_columns).contiguous()
    gain = []
    for adjoint, factors in zip(matrix.adjoint, data.multiplicative, strict=True):
        seen = adjoint @ (factors * data.axial[:, None, None]).reshape(-1, num_columns)
        enough = seen > _SMALLEST_SENSITIVITY * seen.max()
        gain.append(torch.where(enough, circle / seen.clamp_min(1e-30), 0))
    for subset in list(range(matrix.num_subsets)) * num_iterations:
        factors = data.multiplicative[subset]
        expectation = (matrix.forward[subset] @ image).reshape(data.counts[subset].shape)
        expectation.mul_(factors).add_(data.additive[subset])
        expectation.clamp_min_(_SMALLEST_EXPECTATION * max(1.0, float(expectation.max())))
        ratio = torch.div(data.counts[subset], expectation, out=expectation).mul_(factors)
        image *= (matrix.adjoint[subset] @ ratio.reshape(-1, num_columns)).mul_(gain[subset])
    return image
