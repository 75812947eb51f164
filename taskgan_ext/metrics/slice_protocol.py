"""The evaluation protocol of the paper's PET experiment: slice by slice on mean-normalised volumes.

The paper prints neither data range nor norm. The definitions follow the released evaluation code of the same
group (Ouyang et al., Med Phys 46, 2019): each volume is divided by its own mean, the range is the maximum of
the target slice, and the column "RMSE" of Table 2 is the normalised one. Dividing each volume by its own mean
hides a global bias; ``QuantitativeError`` reports that.

The paper takes the mean over voxels > 0. The background of a reconstruction is positive or zero for the same
reasons in input and target, but that of a generator is not: it is positive nearly everywhere or nearly
nowhere, by its last layer, and a mean over its own positive voxels would rescale the object by that accident.
So ``mean`` takes the mean of both volumes over the voxels where the target is > 0; ``own_mean`` is the
literal rule.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from taskgan_ext.errors import ConfigError
from taskgan_ext.metrics.image_quality import nrmse, psnr, rmse, ssim

Slices = tuple[int, int] | list[int] | None
"""First and last slice (inclusive) on the last axis, or ``None`` for all; JSON gives a list."""

Normalise = Literal["mean", "own_mean", "none"]
"""What divides a volume: its mean where the target is > 0, its mean where it is > 0 itself, or nothing."""


@dataclass(frozen=True)
class SliceQuality:
    """Image quality of one volume: means over its slices; NaN where every slice is empty.

    Attributes:
        psnr: dB.
        ssim: -1 to 1.
        nrmse: relative error.
        rmse: in the unit after normalisation.
        num_slices: slices that were averaged.
        num_empty: slices that were skipped because the target is zero everywhere.
    """

    psnr: float
    ssim: float
    nrmse: float
    rmse: float
    num_slices: int
    num_empty: int


@dataclass(frozen=True)
class SlicePairs:
    """Slices ready to be compared.

    Attributes:
        pred: normalised restored slices, shape ``(S, X, Y)``, float64.
        target: normalised target slices, same shape.
        data_range: range of each slice, shape ``(S,)``.
        num_empty: slices left out because the target is zero everywhere.
    """

    pred: Tensor
    target: Tensor
    data_range: Tensor
    num_empty: int


def slice_quality(
    pred_volume: Tensor,
    target_volume: Tensor,
    slices: Slices = None,
    *,
    norm_slices: Slices = None,
    normalise: Normalise = "mean",
    data_range: float | None = None,
) -> SliceQuality:
    """PSNR, SSIM and NRMSE of each slice, then their mean over the slices.

    Args:
        pred_volume: x, shape ``(X, Y, Z)``, slice axis last.
        target_volume: y, same shape.
        slices: first and last slice that count (inclusive); the paper: 25, 64 (the middle 40).
        norm_slices: first and last slice of the crop whose mean normalises (the paper: 21, 68).
        normalise: ``mean`` divides each volume by its mean over the voxels of the crop where the target is
            > 0, ``own_mean`` over those where it is > 0 itself; ``none`` does not divide.
        data_range: one range for all slices; ``None`` takes ``max(max(y), 1)`` of each normalised slice.

    Returns:
        The means and how many slices they are taken over.

    Raises:
        ConfigError: the volume does not have those slices.
        ValueError: the shapes differ.
    """
    pairs = pair_slices(
        pred_volume,
        target_volume,
        slices,
        norm_slices=norm_slices,
        normalise=normalise,
        data_range=data_range,
    )
    return SliceQuality(
        psnr=float(psnr(pairs.pred, pairs.target, pairs.data_range).mean()),
        ssim=float(ssim(pairs.pred, pairs.target, pairs.data_range).mean()),
        nrmse=float(nrmse(pairs.pred, pairs.target).mean()),
        rmse=float(rmse(pairs.pred, pairs.target).mean()),
        num_slices=len(pairs.pred),
        num_empty=pairs.num_empty,
    )


def pair_slices(
    pred_volume: Tensor,
    target_volume: Tensor,
    slices: Slices = None,
    *,
    norm_slices: Slices = None,
    normalise: Normalise = "mean",
    data_range: float | None = None,
) -> SlicePairs:
    """Normalise two volumes and cut the slices that are compared.

    Args:
        pred_volume: x, shape ``(X, Y, Z)``.
        target_volume: y, same shape.
        slices: first and last slice that count (inclusive).
        norm_slices: first and last slice of the crop whose mean normalises a volume.
        normalise: ``mean``, ``own_mean`` or ``none``.
        data_range: one range for all slices, or ``None`` for ``max(max(y), 1)`` of each.

    Returns:
        The slices whose target is not empty, with their ranges.

    Raises:
        ConfigError: the volume does not have those slices.
        ValueError: the shapes differ.
    """
    if pred_volume.shape != target_volume.shape or pred_volume.ndim != 3:
        raise ValueError(
            "expected two volumes of one shape (X, Y, Z), "
            f"got pred {tuple(pred_volume.shape)} and target {tuple(target_volume.shape)}"
        )
    x, y = pred_volume.to(torch.float64), target_volume.to(torch.float64)
    if normalise != "none":
        crop_x, crop_y = cut_slices(x, norm_slices), cut_slices(y, norm_slices)
        support = crop_x > 0 if normalise == "own_mean" else crop_y > 0
        x, y = x / mean_norm(crop_x, support), y / mean_norm(crop_y, crop_y > 0)
    x, y = (cut_slices(volume, slices).movedim(-1, 0) for volume in (x, y))
    filled = (y != 0).flatten(1).any(dim=1)
    x, y = x[filled], y[filled]
    ranges = y.amax(dim=(-2, -1)).clamp_min(1.0) if data_range is None else y.new_full((len(y),), data_range)
    return SlicePairs(pred=x, target=y, data_range=ranges, num_empty=int((~filled).sum()))


def cut_slices(volume: Tensor, slices: Slices) -> Tensor:
    """Cut a range of slices.

    Args:
        volume: shape ``(..., Z)``.
        slices: first and last slice (inclusive), or ``None`` for all.

    Returns:
        View of shape ``(..., last - first + 1)``.

    Raises:
        ConfigError: the volume does not have those slices.
    """
    if slices is None:
        return volume
    first, last = slices
    if not 0 <= first <= last < volume.shape[-1]:
        raise ConfigError(
            f"expected slices within 0..{volume.shape[-1] - 1}, got {first}..{last}; "
            "set slices to a range that every evaluated volume has, or to null for all"
        )
    return volume[..., first : last + 1]


def mean_norm(volume: Tensor, support: Tensor) -> Tensor:
    """Mean in a mask, the norm of the paper's PET data.

    Args:
        volume: any shape.
        support: boolean, same shape.

    Returns:
        The mean in the unit of the volume; 1 where it is not positive, so that dividing by it is harmless.
    """
    inside = volume[support]
    mean = inside.mean() if inside.numel() else volume.new_zeros(())
    return torch.where(mean > 0, mean, torch.ones_like(mean))
