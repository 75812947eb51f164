"""T2 and the amplitude at echo time zero from the echoes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MIN_T2, MAX_T2 = 0.005, 3.0
"""Range of fitted T2 in s."""


def fit_decay(
    signal: NDArray[Any], echo_times: tuple[float, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit one exponential over the echoes, common to all delays.

    The ratio of each echo to the first is taken over all delays, so that images near their zero crossing
    count little. A line through the logarithms, weighted by the squared ratios, gives T2; then each delay has
    one amplitude by least squares over its echoes.

    Args:
        signal: signed, of shape ``(voxels, delays, echoes)``.
        echo_times: of the echoes in s, ascending.

    Returns:
        T2 in s of shape ``(voxels,)``, within ``MIN_T2`` and ``MAX_T2``, and the amplitude at echo time 0 of
        shape ``(voxels, delays)`` in the unit of the signal.
    """
    first = signal[:, :, 0]
    energy = np.maximum(np.sum(first * first, axis=1), np.finfo(np.float32).tiny)
    ratios = np.einsum("vde,vd->ve", signal, first) / energy[:, None]
    ratios = np.clip(ratios, 1e-4, None)
    times = np.asarray(echo_times, np.float32)
    weights = ratios**2 / np.sum(ratios**2, axis=1, keepdims=True)
    centred = times - np.sum(weights * times, axis=1, keepdims=True)
    rate = -np.sum(weights * centred * np.log(ratios), axis=1) / np.sum(weights * centred**2, axis=1)
    rate = np.clip(rate, 1 / MAX_T2, 1 / MIN_T2)
    decay = np.exp(-rate[:, None] * times)
    amplitude = np.einsum("vde,ve->vd", signal, decay) / np.sum(decay**2, axis=1, keepdims=True)
    return (1 / rate).astype(np.float32), amplitude.astype(np.float32)
