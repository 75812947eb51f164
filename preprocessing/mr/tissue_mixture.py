"""White matter, grey matter and fluid told apart by the intensities of conventional scans."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError

CLASSES = ("WM", "GM", "CSF")
"""Names of the classes, in the order of all results."""
BRIGHTNESS = {"T1w": ("CSF", "GM", "WM"), "T2w": ("WM", "GM", "CSF"), "T2FLAIR": ("CSF", "WM", "GM")}
"""Scans that the mixture can tell tissues by: the classes from dark to bright."""
SHARES = {"WM": 0.45, "GM": 0.40, "CSF": 0.15}
"""Of the volume within the brain mask, roughly; only for the start."""
MAX_SAMPLES = 100_000
_MAX_ITERATIONS, _TOLERANCE = 100, 1e-5
_RIDGE = 1e-3  # share of the variance of all voxels that every class has at least
_LEAST_SHARE = 0.005

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """Three Gaussians in the space of the intensities.

    Attributes:
        shares: ``(3,)``, adding up to 1.
        means: ``(3, C)``.
        covariances: ``(3, C, C)``.
    """

    shares: Array
    means: Array
    covariances: Array

    def posterior(self, values: NDArray[np.float32]) -> Array:
        """Probability of each class.

        Args:
            values: ``(N, C)``.

        Returns:
            ``(3, N)``, adding up to 1.
        """
        return np.exp(_normalised(self._log_joint(values))[0])

    def log_likelihood(self, values: NDArray[np.float32]) -> float:
        """Mean logarithm of the density of ``values``, ``(N, C)``."""
        return float(_normalised(self._log_joint(values))[1].mean())

    def _log_joint(self, values: NDArray[np.float32]) -> Array:
        """Logarithm of share times density, ``(3, N)``."""
        joint = np.empty((len(self.shares), len(values)))
        for index, (mean, covariance) in enumerate(zip(self.means, self.covariances, strict=True)):
            whitening = np.linalg.inv(np.linalg.cholesky(covariance))
            # einsum and not matmul: a BLAS sums in another order on another number of threads.
            distance = np.square(np.einsum("ij,nj->ni", whitening, values - mean)).sum(axis=1)
            joint[index] = np.log(self.shares[index] * np.abs(np.linalg.det(whitening))) - distance / 2
        return joint - len(self.means[0]) / 2 * np.log(2 * np.pi)


def seed_mixture(values: NDArray[np.float32], contrasts: Sequence[str]) -> Mixture:
    """Start from what is known: the order of the tissues in each contrast, and their rough shares.

    Args:
        values: ``(N, C)``, intensities within the brain.
        contrasts: name of each column, out of ``BRIGHTNESS``.
    """
    means = np.empty((len(CLASSES), len(contrasts)))
    for column, contrast in enumerate(contrasts):
        below = 0.0
        for name in BRIGHTNESS[contrast]:
            middle = below + SHARES[name] / 2
            means[CLASSES.index(name), column] = np.quantile(values[:, column], middle)
            below += SHARES[name]
    spread = np.diag(np.var(values, axis=0, dtype=np.float64) / len(CLASSES) ** 2 + 1e-12)
    shares = np.array([SHARES[name] for name in CLASSES])
    return Mixture(shares, means, np.stack([spread] * len(CLASSES)))


def fit_mixture(values: NDArray[np.float32], start: Mixture) -> Mixture:
    """Fit by expectation maximisation (Dempster, Laird and Rubin, J R Stat Soc B 39:1, 1977).

    Nothing is random: large brains are thinned to every n-th voxel.

    Args:
        values: ``(N, C)``, intensities within the brain.
        start: of the iteration.

    Raises:
        DataError: a class has vanished.
    """
    sample = values[:: -(-len(values) // MAX_SAMPLES)].astype(np.float64)
    ridge = _RIDGE * np.diag(sample.var(axis=0)) + 1e-12 * np.eye(sample.shape[1])
    mixture, likelihood = start, -np.inf
    for _ in range(_MAX_ITERATIONS):
        log_posterior, log_density = _normalised(mixture._log_joint(sample))
        mixture = _maximise(sample, np.exp(log_posterior), ridge)
        before, likelihood = likelihood, float(log_density.mean())
        if likelihood - before < _TOLERANCE:
            break
    return mixture


def _maximise(sample: Array, posterior: Array, ridge: Array) -> Mixture:
    """The mixture of largest likelihood, given what class each voxel is of."""
    counts = posterior.sum(axis=1)
    shares = counts / counts.sum()
    if shares.min() < _LEAST_SHARE:
        lost = CLASSES[int(shares.argmin())]
        raise DataError(
            f"expected white matter, grey matter and fluid in the brain, but nothing looks like {lost}; check "
            "that each scan is what it is called, and the brain mask"
        )
    means = np.einsum("kn,ni->ki", posterior, sample) / counts[:, None]
    covariances = np.empty((len(shares), *ridge.shape))
    for index, mean in enumerate(means):
        offset = sample - mean
        weighted = offset * posterior[index][:, None]
        covariances[index] = np.einsum("ni,nj->ij", weighted, offset) / counts[index] + ridge
    return Mixture(shares, means, covariances)


def _normalised(log_joint: Array) -> tuple[Array, Array]:
    """Logarithm of the posterior, and of the density of each voxel."""
    top = log_joint.max(axis=0)
    log_density = top + np.log(np.exp(log_joint - top).sum(axis=0))
    return log_joint - log_density, log_density
