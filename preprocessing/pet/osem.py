"""Ordered-subsets expectation maximisation with time of flight, all slices of a stack at once."""

import torch

from preprocessing.pet.scanner import ImageGrid
from preprocessing.pet.system_matrix import SystemMatrix, column_blocks

_SMALLEST_EXPECTATION = 1e-9
_SMALLEST_SENSITIVITY = 1e-6
"""As a share of the largest one: sensitivities scale with the dose and the calibration."""


def osem(
    counts: torch.Tensor,
    multiplicative: torch.Tensor,
    additive: torch.Tensor,
    matrix: SystemMatrix,
    num_iterations: int,
) -> torch.Tensor:
    """Reconstruct a stack from counts (Hudson & Larkin, IEEE Trans Med Imaging 13, 1994).

    One update with subset s is::

        X <- X * A_s^T( m_s y_s / (m_s (A_s X) + a_s) ) / (A_s^T m_s)

    The subsets are visited in natural order: at 1 % of the counts it leaves the mean of the brain closer to
    that of noise-free data (+0.4 %) than steps of 3, 5 or 11 subsets (-1 %), at equal noise (two phantoms,
    three realisations each). The start image is 1 inside the circle of radius ``size / 2 - 1`` pixels and
    stays 0 outside. Factors and additive terms are the same for all time-of-flight bins of a ray.

    Args:
        counts: measured prompts y, ``(subset, tof, angle of the subset, bin, column)``, float32.
        multiplicative: counts per (Bq/ml mm) of each ray m (attenuation, calibration, dose fraction),
            ``(subset, angle of the subset, bin, column)``.
        additive: expected scatter and randoms a in one time-of-flight bin, same shape.
        matrix: projector A with its adjoint.
        num_iterations: passes over all subsets.

    Returns:
        Activity in Bq/ml, ``(num_pixels, column)``.

    Raises:
        ValueError: the shapes do not fit one another or the matrix.
    """
    expected = (matrix.num_subsets, *matrix.shape, counts.shape[-1])
    rays = (expected[0], *expected[2:])
    if counts.shape != expected or multiplicative.shape != rays or additive.shape != rays:
        raise ValueError(
            f"expected counts {expected} and factors {rays}, got {tuple(counts.shape)}, "
            f"{tuple(multiplicative.shape)} and {tuple(additive.shape)}"
        )
    return torch.cat(
        [
            _osem_block(counts[..., b], multiplicative[..., b], additive[..., b], matrix, num_iterations)
            for b in column_blocks(counts.shape[-1])
        ],
        dim=1,
    )


def _osem_block(
    counts: torch.Tensor,
    multiplicative: torch.Tensor,
    additive: torch.Tensor,
    matrix: SystemMatrix,
    num_iterations: int,
) -> torch.Tensor:
    """Run :func:`osem` on few columns."""
    num_columns = counts.shape[-1]
    circle = reconstruction_circle(matrix.grid)[:, None]
    image = circle.expand(-1, num_columns).contiguous()
    gain = [
        # Dividing by the clamped sensitivity once saves a division in each update.
        circle / _clamp_relative(adjoint @ factors.reshape(-1, num_columns))
        for adjoint, factors in zip(matrix.adjoint_tof_sum, multiplicative, strict=True)
    ]
    for subset in list(range(matrix.num_subsets)) * num_iterations:
        factors = multiplicative[subset]
        expectation = (matrix.forward[subset] @ image).reshape(counts[subset].shape)
        expectation.mul_(factors).add_(additive[subset]).clamp_min_(_SMALLEST_EXPECTATION)
        ratio = torch.div(counts[subset], expectation, out=expectation).mul_(factors)
        image *= (matrix.adjoint[subset] @ ratio.reshape(-1, num_columns)).mul_(gain[subset])
    return image


def _clamp_relative(sensitivity: torch.Tensor) -> torch.Tensor:
    return sensitivity.clamp_min(_SMALLEST_SENSITIVITY * float(sensitivity.max()))


def reconstruction_circle(grid: ImageGrid) -> torch.Tensor:
    """Return 1 for pixels within ``size / 2 - 1`` pixels of the axis and 0 outside, ``(num_pixels,)``."""
    centre = torch.arange(grid.size) - (grid.size - 1) / 2
    return (centre[:, None] ** 2 + centre**2 <= (grid.size / 2 - 1) ** 2).float().flatten()


def poisson_log_likelihood(counts: torch.Tensor, expectation: torch.Tensor) -> torch.Tensor:
    """Return the Poisson log-likelihood up to a constant, ``sum(y log ybar - ybar)``, in float64."""
    expectation = expectation.double().clamp_min(_SMALLEST_EXPECTATION)
    return (torch.xlogy(counts.double(), expectation) - expectation).sum()
