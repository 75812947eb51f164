"""Uptake ratios and quantitative error in regions of a PET volume."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from taskgan_ext.errors import DataError


@dataclass(frozen=True)
class RegionalSUVR:
    """Standardised uptake value ratios to the reference region.

    Attributes:
        cortex: mean uptake over all cortical voxels, divided by that of the reference region.
        regions: the same for each label of the map.
    """

    cortex: float
    regions: dict[int, float]


def regional_suvr(
    volume: Tensor,
    regions: Tensor,
    cortex_labels: Sequence[int] = tuple(range(1, 9)),
    reference_labels: Sequence[int] = (20,),
) -> RegionalSUVR:
    """Mean uptake of regions relative to a reference region (for amyloid PET the cerebellar cortex).

    Args:
        volume: activity, shape ``(X, Y, Z)``; any unit, a common factor cancels.
        regions: integer label map, same shape; 0 is outside.
        cortex_labels: labels whose voxels together form the cortical composite.
        reference_labels: labels whose voxels together form the reference region.

    Returns:
        The composite and every region but the reference.

    Raises:
        DataError: the shapes differ, or the composite or the reference region has no voxel or no uptake.
    """
    if volume.shape != regions.shape:
        raise DataError(
            f"expected regions on the grid of the volume {tuple(volume.shape)}, got {tuple(regions.shape)}"
        )
    labels = regions.round().to(torch.int64).flatten()
    if labels.numel() and int(labels.min()) < 0:
        raise DataError(f"expected region labels >= 0, got {int(labels.min())}")
    counts = torch.bincount(labels)
    sums = torch.bincount(labels, weights=volume.to(torch.float64).flatten())

    def mean_of(wanted: Sequence[int], what: str) -> float:
        present = [label for label in wanted if label < len(counts)]
        count = int(counts[present].sum())
        if count == 0:
            raise DataError(
                f"expected voxels of the {what} (labels {list(wanted)}) in the region map, found none"
            )
        return float(sums[present].sum() / count)

    reference = mean_of(reference_labels, "reference region")
    if reference <= 0:
        raise DataError(f"expected positive mean uptake in the reference region, got {reference:.3g}")
    others = [
        label for label in counts.nonzero().flatten().tolist() if label and label not in reference_labels
    ]
    return RegionalSUVR(
        cortex=mean_of(cortex_labels, "cortical composite") / reference,
        regions={label: float(sums[label] / counts[label]) / reference for label in others},
    )


def object_mask(target: Tensor, regions: Tensor | None = None, fraction: float = 0.1) -> Tensor:
    """Voxels that belong to the imaged object.

    Args:
        target: reference volume, any shape.
        regions: label map of the same shape; where given, the object is ``regions > 0``.
        fraction: without a map the object is ``target > fraction * max(target)``.

    Returns:
        Boolean mask.
    """
    return regions > 0 if regions is not None else target > fraction * target.max()


def relative_bias(volume: Tensor, target: Tensor, mask: Tensor) -> float:
    """Bias of the mean in a mask, ``mean(x) / mean(y) - 1``.

    Args:
        volume: x, any shape.
        target: y, same shape and unit.
        mask: boolean, same shape.

    Returns:
        Fraction: 0.05 means that x is 5 % too high; NaN for an empty mask.
    """
    x, y = volume[mask].to(torch.float64), target[mask].to(torch.float64)
    return float(x.sum() / y.sum() - 1.0) if y.numel() else float("nan")
