"""Tissues of scans whose brightness drifts over the head."""

from collections.abc import Sequence
from itertools import chain, combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.tissue_mixture import Mixture, fit_mixture, seed_mixture, thin

DEGREE = 3
"""Of the polynomial that the logarithm of the receive field is taken to be."""
ROUNDS = 6
_MOST = 0.5
"""A larger deviation from the expected intensity, as a logarithm, is no drift but another tissue."""
_MOST_FLUID = 0.2
"""Fluid beyond this share says nothing about the drift: partial volume changes its brightness more."""
_DARKEST = 1e-3
_BRIGHTEST = {"T1w": 1.7, "T2w": np.inf, "T2FLAIR": 2.0}
"""In medians of the brain; beyond are fat that a mask has left and vessels. Fluid in T2w has no limit."""


def classify(
    values: NDArray[np.float32],
    points: NDArray[np.float64],
    contrasts: Sequence[str],
    usable: NDArray[np.bool_],
) -> tuple[NDArray[np.float32], Mixture]:
    """Find the share of white matter, grey matter and fluid in the voxels of a brain.

    The mixture and the drift of each contrast are estimated in turn, each from what the other leaves (after
    Van Leemput et al., IEEE Trans Med Imaging 18:885, 1999).

    Args:
        values: ``(N, C)``, intensities in the brain, not negative.
        points: ``(N, 3)``, places of the voxels in mm.
        contrasts: name of each column.
        usable: ``(N,)``, false where a voxel shall not teach the mixture anything, as in lesions.

    Returns:
        Fractions ``(3, N)``, adding up to 1, and the mixture, in units of the median of each contrast.

    Raises:
        DataError: a tissue is missing, or tissues have not the order of brightness of a contrast.
    """
    scaled = values / np.median(values[usable], axis=0)
    limits = np.array([_BRIGHTEST[name] for name in contrasts])
    usable = usable & ((scaled > 0) & (scaled < limits)).all(axis=1)
    mixture = fit_mixture(scaled[usable], seed_mixture(scaled[usable], contrasts))
    basis = polynomials(points)
    corrected = scaled
    for _ in range(ROUNDS - 1):
        drift = _fit_drift(thin(scaled[usable]), thin(corrected[usable]), thin(basis[usable]), mixture)
        corrected = scaled * np.exp(-np.einsum("np,pc->nc", basis, drift)).astype(np.float32)
        mixture = fit_mixture(corrected[usable], mixture)
    mixture.check_order()
    return mixture.fractions(corrected).astype(np.float32), mixture


def polynomials(points: NDArray[np.float64], degree: int = DEGREE) -> NDArray[np.float64]:
    """Monomials of the coordinates without the constant one, each with a mean of 0.

    Args:
        points: ``(N, 3)``.
        degree: the highest.

    Returns:
        ``(N, P)``.
    """
    centred = points - points.mean(axis=0)
    scaled = centred / max(float(np.abs(centred).max()), 1e-6)
    powers = chain.from_iterable(combinations_with_replacement(range(3), n) for n in range(1, degree + 1))
    terms = np.stack([scaled[:, list(dims)].prod(axis=1) for dims in powers], axis=1)
    return np.asarray(terms - terms.mean(axis=0))


def _fit_drift(
    scaled: NDArray[np.floating],
    corrected: NDArray[np.floating],
    basis: NDArray[np.floating],
    mixture: Mixture,
) -> NDArray[np.float64]:
    """Coefficients ``(P, C)`` of the logarithm of the drift, by weighted least squares."""
    fractions = mixture.fractions(corrected)
    weight = np.where(fractions[2] < _MOST_FLUID, fractions[0] + fractions[1], 0)
    expected = np.einsum("kn,kc->nc", fractions, mixture.means)
    ratio = np.log(np.maximum(scaled, _DARKEST) / np.maximum(expected, _DARKEST)).clip(-_MOST, _MOST)
    # The mean brightness is part of the mixture, not of the drift.
    columns = np.concatenate([np.ones((len(basis), 1)), basis], axis=1)
    normal = np.einsum("n,np,nq->pq", weight, columns, columns) / len(columns)
    target = np.einsum("n,np,nc->pc", weight, columns, ratio) / len(columns)
    return np.asarray(np.linalg.solve(normal + 1e-6 * np.eye(len(normal)), target)[1:])
