"""White matter, grey matter and fluid told apart by the intensities of conventional scans."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError

CLASSES = ("WM", "GM", "CSF")
"""Names of the classes, in the order of all arrays."""
BRIGHTNESS = {"T1w": ("CSF", "GM", "WM"), "T2w": ("WM", "GM", "CSF"), "T2FLAIR": ("CSF", "WM", "GM")}
"""Scans that tissues can be told by: the classes from dark to bright."""
MAX_SAMPLES = 100_000
"""Voxels to fit to; larger brains are thinned."""
_START_SHARES = {"WM": 0.45, "GM": 0.40, "CSF": 0.15}
_COMPONENTS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0.75, 0.25], [0, 0.5, 0.5], [0, 0.25, 0.75]])
"""Share of each class in each component: pure voxels, and those of grey matter beside fluid."""
_START_MIXED = 0.1
_MAX_ITERATIONS, _TOLERANCE = 60, 1e-4  # the second of the movement of the means
_RIDGE = 1e-3  # share of the variance of all voxels that every class has at least
_LEAST_WEIGHT = 0.002

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """Gaussians in the space of the intensities: one per tissue, others half-way between two of them.

    Attributes:
        contrasts: names of the intensities.
        weights: ``(6,)``, of the components, adding up to 1.
        means: ``(3, C)``, of pure tissue.
        covariances: ``(3, C, C)``, of pure tissue.
    """

    contrasts: tuple[str, ...]
    weights: Array
    means: Array
    covariances: Array

    def check_order(self) -> None:
        """Check that the tissues have the order of brightness that is known of each contrast.

        Raises:
            DataError: they have not.
        """
        for column, contrast in enumerate(self.contrasts):
            order = BRIGHTNESS[contrast]
            means = [float(self.means[CLASSES.index(name), column]) for name in order]
            if means != sorted(means):
                found = ", ".join(f"{name} {mean:.2f}" for name, mean in zip(order, means, strict=True))
                raise DataError(
                    f"{contrast}: expected a brightness that grows from {' over '.join(order)}, found "
                    f"{found} (in medians of the brain); check that it is that contrast and the mask fits, "
                    "remove a strong receive field from the scans, or leave this one out"
                )

    def posterior(self, values: NDArray[np.floating]) -> Array:
        """Probability of each component, ``(6, N)``, of voxels with ``values``, ``(N, C)``."""
        joint = np.empty((len(_COMPONENTS), len(values)))
        for index, shares in enumerate(_COMPONENTS):
            # einsum and not matmul: a BLAS sums in another order on another number of threads.
            covariance = np.einsum("k,kij->ij", shares, self.covariances)
            whitening = np.linalg.inv(np.linalg.cholesky(covariance))
            offset = values - np.einsum("k,ki->i", shares, self.means)
            distance = np.square(np.einsum("ij,nj->ni", whitening, offset)).sum(axis=1)
            scale = np.log(self.weights[index]) + np.log(np.diag(whitening)).sum()
            joint[index] = scale - distance / 2
        joint = np.exp(joint - joint.max(axis=0))
        return np.asarray(joint / joint.sum(axis=0))

    def fractions(self, values: NDArray[np.floating]) -> Array:
        """Expected share of each tissue in voxels.

        Args:
            values: ``(N, C)``.

        Returns:
            ``(3, N)``, adding up to 1.
        """
        return np.einsum("mk,mn->kn", _COMPONENTS, self.posterior(values))


def seed_mixture(values: NDArray[np.floating], contrasts: Sequence[str]) -> Mixture:
    """Start from what is known: the order of the tissues in each contrast, and roughly how much there is.

    Args:
        values: ``(N, C)``, intensities in the brain.
        contrasts: name of each column, out of ``BRIGHTNESS``.
    """
    means = np.empty((len(CLASSES), len(contrasts)))
    for column, contrast in enumerate(contrasts):
        below = 0.0
        for name in BRIGHTNESS[contrast]:
            share = _START_SHARES[name]
            means[CLASSES.index(name), column] = np.quantile(values[:, column], below + share / 2)
            below += share
    variance = np.diag(values.var(axis=0, dtype=np.float64) / len(CLASSES) ** 2 + 1e-12)
    num_mixed = len(_COMPONENTS) - len(CLASSES)
    pure = (1 - num_mixed * _START_MIXED / 2) * np.array([_START_SHARES[name] for name in CLASSES])
    weights = np.concatenate([pure, np.full(num_mixed, _START_MIXED / 2)])
    return Mixture(tuple(contrasts), weights / weights.sum(), means, np.stack([variance] * len(CLASSES)))


def fit_mixture(values: NDArray[np.floating], start: Mixture) -> Mixture:
    """Fit by expectation maximisation (Dempster, Laird and Rubin, J R Stat Soc B 39:1, 1977).

    Means and covariances follow the pure voxels; the mixed ones keep grey matter beside fluid, which are
    half-way in every contrast, from making the class of fluid wide (as in Shattuck et al., NeuroImage 13:856,
    2001). Nothing is random.

    Args:
        values: ``(N, C)``, intensities in the brain.
        start: of the iteration.

    Raises:
        DataError: there is next to nothing of a tissue.
    """
    sample = thin(values).astype(np.float64)
    ridge = np.diag(_RIDGE * sample.var(axis=0) + 1e-12)
    mixture = start
    for _ in range(_MAX_ITERATIONS):
        before, mixture = mixture, _maximise(sample, mixture, ridge)
        if np.abs(mixture.means - before.means).max() < _TOLERANCE * np.abs(mixture.means).max():
            break
    return mixture


def thin(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Every n-th of the voxels ``(N, ...)``, so that ``MAX_SAMPLES`` are left at most."""
    return values[:: max(1, -(-len(values) // MAX_SAMPLES))]


def _maximise(sample: Array, mixture: Mixture, ridge: Array) -> Mixture:
    posterior = mixture.posterior(sample)
    counts = posterior.sum(axis=1)
    pure = len(CLASSES)
    if counts[:pure].min() < _LEAST_WEIGHT * len(sample):
        lost = CLASSES[int(counts[:pure].argmin())]
        raise DataError(
            f"expected white matter, grey matter and fluid in the brain, but hardly anything looks like "
            f"{lost}; check that each scan has the contrast that it is called by, and the brain mask"
        )
    means, covariances = [], []
    for weight, count in zip(posterior[:pure], counts, strict=False):
        mean = np.einsum("n,ni->i", weight, sample) / count
        offset = sample - mean
        means.append(mean)
        covariances.append(np.einsum("ni,nj->ij", offset * weight[:, None], offset) / count + ridge)
    # A component that nobody needs must not become impossible.
    weights = np.maximum(counts / len(sample), 1e-9)
    return Mixture(mixture.contrasts, weights, np.stack(means), np.stack(covariances))
