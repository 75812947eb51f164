"""Confidence intervals by the bootstrap over subjects."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
NUM_DRAWS = 2000
SEED = 0
MIN_SUBJECTS = 3
"""With fewer there is nothing to resample: two subjects have three different means."""

INTERVAL: dict[str, Any] = {
    "level": LEVEL,
    "method": "percentile bootstrap over subjects",
    "draws": NUM_DRAWS,
    "seed": SEED,
}
"""How intervals are made, for evaluation.json."""


def mean_interval(values: NDArray[np.float64], subjects: Sequence[str]) -> tuple[float, float]:
    """Interval of a mean over cases, percentile method (Efron and Tibshirani, 1993, chapter 13).

    The images of one subject resemble one another, so a draw takes subjects with replacement, each with all
    of its cases; the mean of a draw is taken over its cases.

    Args:
        values: value of each case, shape ``(n,)``.
        subjects: subject of each case.

    Returns:
        Lower and upper end; NaN for fewer than 3 subjects and where a value is not finite.
    """
    names, index = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    if len(names) < MIN_SUBJECTS or not np.isfinite(values).all():
        return float("nan"), float("nan")
    sums, counts = np.bincount(index, weights=values), np.bincount(index)
    drawn = draw_subjects(len(names))
    return interval_of(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))


def draw_subjects(num_subjects: int) -> NDArray[np.int64]:
    """Draw subjects with replacement; the same draws for the same number of subjects.

    Args:
        num_subjects: number n of subjects, at least one.

    Returns:
        Index of each subject that is drawn, shape ``(NUM_DRAWS, n)``.
    """
    return np.random.default_rng(SEED).integers(0, num_subjects, (NUM_DRAWS, num_subjects))


def interval_of(draws: NDArray[np.float64]) -> tuple[float, float]:
    """Interval that holds the middle 95 % of the draws.

    Args:
        draws: value of each draw, shape ``(NUM_DRAWS,)``.

    Returns:
        Lower and upper end.
    """
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
