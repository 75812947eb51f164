"""The receiver operating characteristic: curve, area, equal error rate, and areas of weighted samples."""

import numpy as np
from numpy.typing import NDArray


def roc_curve(
    scores: NDArray[np.float64], positive: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of the negative and of the positive samples at or above every threshold.

    Args:
        scores: the higher, the more likely positive, shape ``(N,)``.
        positive: which samples are, shape ``(N,)``; both kinds must be there.

    Returns:
        False and true accept rate at the points where the curve turns, from (0, 0) to (1, 1).
    """
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.flatnonzero(np.diff(scores[order], append=np.nan) != 0)
    accepted = np.cumsum(positive[order])[last_of_ties]
    true, false = (np.concatenate([[0], counts]) for counts in (accepted, last_of_ties + 1 - accepted))
    step_true, step_false = np.diff(true), np.diff(false)
    turns = step_true[1:] * step_false[:-1] != step_true[:-1] * step_false[1:]
    kept = np.concatenate([[True], turns, [True]])
    return false[kept] / false[-1], true[kept] / true[-1]


def equal_error_rate(false_accept: NDArray[np.float64], true_accept: NDArray[np.float64]) -> float:
    """Error where as many positive samples are rejected as negative ones are accepted, in share.

    Args:
        false_accept: of a curve, ascending.
        true_accept: of a curve, ascending.

    Returns:
        0 (both kinds separated) to 1, interpolated linearly between the points of the curve.
    """
    return float(np.interp(0.0, false_accept - (1.0 - true_accept), false_accept))


def area_under_curve(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic, as the Mann-Whitney statistic (ties count half).

    Args:
        scores: shape ``(N,)``.
        positive: shape ``(N,)``.

    Returns:
        0 to 1; NaN when one kind has no sample.
    """
    return float(weighted_areas(scores, positive, np.ones((1, len(scores))))[0])


def weighted_areas(
    scores: NDArray[np.float64], positive: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Areas of samples that count as often as their weight says, by one sort for all draws.

    Args:
        scores: shape ``(N,)``.
        positive: shape ``(N,)``.
        weights: weight of each sample in each draw, not below zero, shape ``(D, N)``.

    Returns:
        Area of each draw, shape ``(D,)``; NaN where one kind has no weight.
    """
    if len(scores) == 0:
        return np.full(len(weights), np.nan)
    order = np.argsort(scores)
    first_of_ties = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
    sorted_weights, kind = weights[:, order], positive[order]
    of_positive = np.add.reduceat(sorted_weights * kind, first_of_ties, axis=1)
    of_negative = np.add.reduceat(sorted_weights * ~kind, first_of_ties, axis=1)
    below = np.cumsum(of_negative, axis=1) - of_negative / 2
    pairs = of_positive.sum(axis=1) * of_negative.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray((of_positive * below).sum(axis=1) / pairs)
