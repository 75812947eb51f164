"""PSNR, RMSE and SSIM of a volume inside a mask, such as the brain of an MR image.

Nothing is normalised: a global scale of the restored image counts as an error. The paper gives RMSE and PSNR
of its MR experiment on images in [0, 1]; here a percentile of the target inside the mask is the value 1, so
that neither the background nor a few bright vessels decide the range.
"""

import torch
from torch import Tensor

from taskgan_ext.metrics.image_quality import ssim_map

SLICES_AT_ONCE = 16
"""The moments of the windows take a dozen volumes in float64; a stack of slices bounds the memory."""


def masked_range(target: Tensor, mask: Tensor, percentile: float = 99.5) -> Tensor:
    """Data range of a target image: a percentile of its values in a mask.

    Args:
        target: y, any shape.
        mask: boolean, same shape.
        percentile: 0 to 100, interpolated linearly between the two nearest values.

    Returns:
        Scalar, float64, in the unit of ``target``; NaN for an empty mask.

    Raises:
        ValueError: the shapes differ.
    """
    (values,) = _inside(mask, target)
    if values.numel() == 0:
        return values.new_tensor(float("nan"))
    ordered = values.sort().values  # torch.quantile takes 16 million values at most
    position = percentile / 100.0 * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below].lerp(ordered[above], position - below)


def masked_rmse(pred: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Root mean square error over the voxels of a mask, ``sqrt(mean((x - y)^2))``.

    Args:
        pred: x, any shape.
        target: y, same shape and unit.
        mask: boolean, same shape.

    Returns:
        Scalar, float64, in the unit of the images; NaN for an empty mask.

    Raises:
        ValueError: the shapes differ.
    """
    x, y = _inside(mask, pred, target)
    return (x - y).square().mean().sqrt()


def masked_psnr(pred: Tensor, target: Tensor, mask: Tensor, data_range: float | Tensor) -> Tensor:
    """Peak signal-to-noise ratio over the voxels of a mask, ``20 log10(range / RMSE)``.

    Args:
        pred: x, any shape.
        target: y, same shape and unit.
        mask: boolean, same shape.
        data_range: the range of values, in the unit of the images, see ``masked_range``.

    Returns:
        Decibel, scalar, float64; infinite where the images are equal, NaN for an empty mask.

    Raises:
        ValueError: the shapes differ.
    """
    return 20.0 * torch.log10(data_range / masked_rmse(pred, target, mask))


def masked_ssim(
    pred: Tensor, target: Tensor, mask: Tensor, data_range: float | Tensor, win_size: int = 7
) -> Tensor:
    """Structural similarity slice by slice, averaged over the voxels of a mask.

    The map is that of ``ssim``: a window at the rim of the mask also sees ``win_size // 2`` pixels beyond it.
    Voxels of the mask that are nearer to the border of the slice than that have no window and do not count.

    Args:
        pred: x, shape ``(..., X, Y, Z)``, slice axis last.
        target: y, same shape and unit.
        mask: boolean, same shape.
        data_range: the range of values, in the unit of the images, see ``masked_range``.
        win_size: odd side of the window in pixels.

    Returns:
        Similarity, -1 to 1, scalar, float64; NaN where no voxel of the mask has a window.

    Raises:
        ValueError: the shapes differ, the window is even or larger than the slice.
    """
    _check_shapes(mask, pred, target)
    x, y, inside = (volume.movedim(-1, 0) for volume in (pred, target, mask))
    reach = win_size // 2
    inside = inside[..., reach : x.shape[-2] - reach, reach : x.shape[-1] - reach]
    stacks = zip(*(volume.split(SLICES_AT_ONCE) for volume in (x, y, inside)), strict=True)
    sums = [ssim_map(x_s, y_s, data_range, win_size)[in_s].sum() for x_s, y_s, in_s in stacks]
    return torch.stack(sums).sum() / inside.sum()


def _inside(mask: Tensor, *volumes: Tensor) -> list[Tensor]:
    _check_shapes(mask, *volumes)
    return [volume[mask].to(torch.float64) for volume in volumes]


def _check_shapes(mask: Tensor, *volumes: Tensor) -> None:
    if any(volume.shape != mask.shape for volume in volumes):
        shapes = [tuple(volume.shape) for volume in volumes]
        raise ValueError(f"expected volumes of the shape of the mask {tuple(mask.shape)}, got {shapes}")


def masked_nrmse(volume: Tensor, target: Tensor, mask: Tensor) -> float:
    """Relative error in a mask without any normalisation, ``||x - y||_2 / ||y||_2``.

    Args:
        volume: x, any shape.
        target: y, same shape and unit.
        mask: boolean, same shape.

    Returns:
        Fraction; NaN for an empty mask.
    """
    x, y = volume[mask].to(torch.float64), target[mask].to(torch.float64)
    return float((x - y).norm() / y.norm()) if y.numel() else float("nan")
