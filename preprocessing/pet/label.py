"""Amyloid status from the noise-free activity: the truth that the restoration must keep."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from preprocessing.pet.regions import CEREBELLUM, COMPOSITE_CODES, REGION_CODES
from preprocessing.pet.scanner import FWHM_PER_SIGMA

SUVR_CUT_OFF = 1.24
"""Composite SUVR from which a subject is amyloid-positive: a convention of the phantom.

The number is the cut-off of Bullich et al. 2021 for the Centiloid regions over the whole cerebellum. Over
cerebellar grey matter, the reference here, theirs is 1.38; the phantom's negatives lie lower than their
controls (1.08 against 1.21), so that 1.24 divides its two groups as theirs does theirs.
"""
GREY_ZONE = 0.03
"""Within this distance of the cut-off a subject gets no label; readers would disagree."""
RESOLUTION_FWHM = 5.0
"""Resolution of a clinical image, to which the activity is blurred before it is measured."""


@dataclass(frozen=True)
class StandardUptakeRatios:
    """Uptake ratios (SUVR) with cerebellar grey matter as the reference.

    Attributes:
        composite: mean over all voxels of the composite regions; decides the label.
        regional: name of region to its mean; a region without voxels is absent.
    """

    composite: float
    regional: Mapping[str, float]

    @property
    def positive(self) -> bool:
        """Whether the composite reaches the cut-off."""
        return self.composite >= SUVR_CUT_OFF

    @property
    def in_grey_zone(self) -> bool:
        """Whether the composite is too close to the cut-off for a label."""
        return abs(self.composite - SUVR_CUT_OFF) <= GREY_ZONE


def measure_suvr(
    activity: NDArray[np.float32], regions: NDArray[np.uint8], spacing: tuple[float, float, float]
) -> StandardUptakeRatios:
    """Measure the SUVR of a noise-free activity at the resolution of a clinical image.

    Args:
        activity: any unit, shape ``(X, Y, Z)``.
        regions: codes of ``REGION_CODES``, same shape.
        spacing: voxel size.

    Raises:
        ValueError: the map holds no cerebellum or no composite region.
    """
    sigma = [RESOLUTION_FWHM / FWHM_PER_SIGMA / voxel for voxel in spacing]
    blurred = ndimage.gaussian_filter(activity, sigma)
    counts = np.bincount(regions.ravel(), minlength=256)
    sums = np.bincount(regions.ravel(), weights=blurred.ravel(), minlength=256)
    composite = list(COMPOSITE_CODES)
    if not counts[CEREBELLUM] or not counts[composite].any():
        raise ValueError("a SUVR needs a region map with cerebellum and composite cortex")
    reference = sums[CEREBELLUM] / counts[CEREBELLUM]
    return StandardUptakeRatios(
        composite=float(sums[composite].sum() / counts[composite].sum() / reference),
        regional={
            name: float(sums[code] / counts[code] / reference)
            for name, code in REGION_CODES.items()
            if counts[code]
        },
    )
