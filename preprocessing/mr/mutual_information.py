"""Mutual information of two images in a mask: the measure by which a registration is accepted."""

import numpy as np
from numpy.typing import NDArray

NUM_BINS = 48


def to_bins(values: NDArray[np.float64], num_bins: int = NUM_BINS) -> NDArray[np.intp]:
    """Sort values into bins of equal width.

    Values beyond the 0.5th and 99.5th percentile fall into the outer bins, so that a bright vessel does not
    leave most bins empty.

    Args:
        values: ``(N,)``.
        num_bins: number of bins.

    Returns:
        Number of the bin of each value, from 0; 0 for all where they are alike but for rounding.
    """
    low, high = np.percentile(values, (0.5, 99.5))
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # interpolation rounds
        return np.zeros(values.shape, dtype=np.intp)
    scaled = (np.clip(values, low, high) - low) * (num_bins / (high - low))
    return np.minimum(scaled.astype(np.intp), num_bins - 1)


def mutual_information(x: NDArray[np.intp], y: NDArray[np.intp], num_bins: int = NUM_BINS) -> float:
    """Mutual information of paired values, from their joint histogram.

    Args:
        x: bins of the first image, ``(N,)``, as ``to_bins`` gives them.
        y: bins of the second, ``(N,)``.
        num_bins: bins per axis.

    Returns:
        In nats; 0 where one of the images is constant.
    """
    joint = np.bincount(x * num_bins + y, minlength=num_bins**2).reshape(num_bins, num_bins) / len(x)
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    filled = joint > 0
    return float((joint[filled] * np.log(joint[filled] / independent[filled])).sum())
