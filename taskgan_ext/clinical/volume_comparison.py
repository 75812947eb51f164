"""What restoring did to a PET volume: its amount, its peak, and where it changed most."""

from collections.abc import Sequence

import numpy as np
import torch
from monai.networks.layers import GaussianFilter
from numpy.typing import NDArray

from taskgan_ext.errors import RefusedSeries

BODY = 0.1
"""Share of the peak of the smoothed input above which a voxel counts as body."""
FWHM_MM = 20.0
"""Of the smoothing, after which images of few and of many counts can be compared place by place."""
_SIGMA = 1 / np.sqrt(8 * np.log(2))


def compare_volumes(
    source: NDArray[np.floating], restored: NDArray[np.floating], voxel_mm: Sequence[float]
) -> dict[str, float]:
    """Measure what restoring did.

    The body is found in the input, so that what the network lost counts; smoothed, so that voxels are not
    chosen for their noise. The peak is a percentile, since the largest voxel of few counts is noise.

    Args:
        source: ``(X, Y, Z)``, activity.
        restored: the same shape and unit.
        voxel_mm: size of a voxel along each axis.

    Returns:
        ``activity_ratio``, sum over the body after to before; ``peak_ratio``, likewise of the 99.9th
        percentiles of the volumes; ``local_change``, the largest difference between the smoothed volumes at
        one place, as a share of the peak of the smoothed input. Where nothing changed: 1, 1 and 0.

    Raises:
        RefusedSeries: ``nonfinite``; ``output_gate``, the input shows nothing.
    """
    if not np.isfinite(restored).all():
        raise RefusedSeries("nonfinite", "expected finite restored values, the network gave others")
    peak = float(np.percentile(source, 99.9))
    smooth_source, smooth_restored = (_smooth(each, voxel_mm) for each in (source, restored))
    smooth_peak = float(np.percentile(smooth_source, 99.9))
    if peak <= 0 or smooth_peak <= 0:
        raise RefusedSeries("output_gate", "expected an image that shows something, got one without")
    body = smooth_source > BODY * smooth_peak
    before, after = (float(each[body].sum(dtype=np.float64)) for each in (source, restored))
    return {
        "activity_ratio": after / before if before > 0 else np.inf,
        "peak_ratio": float(np.percentile(restored, 99.9)) / peak,
        "local_change": float(np.abs(smooth_restored - smooth_source).max()) / smooth_peak,
    }


def _smooth(volume: NDArray[np.floating], voxel_mm: Sequence[float]) -> NDArray[np.float32]:
    blur = GaussianFilter(3, [float(FWHM_MM * _SIGMA / size) for size in voxel_mm])
    smoothed: NDArray[np.float32] = blur(torch.as_tensor(volume, dtype=torch.float32)[None, None])[
        0, 0
    ].numpy()
    return smoothed
