"""Mutual information of two images in a mask: the measure by which a registration is accepted."""

import numpy as np
from numpy.typing import NDArray

NUM_BINS = 48


def mutual_information(x: NDArray[np.float64], y: NDArray[np.float64], num_bins: int = NUM_BINS) -> float:
    """Mutual information of paired values, from their joint histogram.

    Values beyond the 0.5th and 99.5th percentile fall into the outer bins, so that a bright vessel does not
    leave most bins empty.

    Args:
        x: ``(N,)``.
        y: ``(N,)``.
        num_bins: bins per axis.

    Returns:
        In nats; 0 where one of the images is constant.
    """
    joint, _, _ = np.histogram2d(_clip(x), _clip(y), bins=num_bins)
    joint /= joint.sum()
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    filled = joint > 0
    return float((joint[filled] * np.log(joint[filled] / independent[filled])).sum())


def _clip(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(values, *np.percentile(values, (0.5, 99.5)))
