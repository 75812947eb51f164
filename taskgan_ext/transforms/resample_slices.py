"""Bring axial slices of any resolution to the pixel size and thickness that a network was trained on."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform
from torch import Tensor
from torch.nn.functional import interpolate

from taskgan_ext.data.plain_tensor import plain_tensor


class ResampleSlicesd(MapTransform):
    """Resample slices to a pixel size; average neighbouring thin ones to about the slice thickness.

    The field of view is kept, so the pixel size is met to within half a pixel over the whole slice. A slice
    that has the pixel size already is not changed. The cubic kernel grows with the pixels, so that nothing
    finer than them is left to alias, and blurs less than a linear one: a classifier looks at sharpness, too.

    A thick slice is the mean of what it covers: slices thinner than two thirds of ``slice_mm`` are averaged
    in groups of ``round(slice_mm / thickness)``, and slices that fill no group are dropped at both ends.
    Thicker slices are kept as they are, since nothing can take them apart.

    Args:
        keys: what is resampled; ``MetaTensor`` of shape ``(C, X, Y, Z)``, slices on the last axis.
        pixel_mm: wanted pixel size.
        slice_mm: wanted thickness of thin slices.
        allow_missing_keys: skip keys that an item does not have.
    """

    def __init__(
        self, keys: KeysCollection, pixel_mm: float, slice_mm: float, allow_missing_keys: bool = False
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.pixel_mm = pixel_mm
        self.slice_mm = slice_mm

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Resample.

        Args:
            data: an item with loaded images.

        Returns:
            The item with resampled images, each with the affine of its new grid.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            image = item[key]
            voxel_mm = image.affine[:3, :3].norm(dim=0).tolist()
            volume = plain_tensor(image)
            group = min(max(round(self.slice_mm / voxel_mm[2]), 1), volume.shape[-1])
            size = [
                max(round(length * mm / self.pixel_mm), 1)
                for length, mm in zip(volume.shape[1:3], voxel_mm[:2], strict=True)
            ]
            resampled = resize_slices(average_slices(volume, group), size)
            affine = _affine_of(image.affine, volume.shape[1:], size, group)
            item[key] = MetaTensor(resampled, meta=image.meta)
            item[key].affine = affine
        return item


def average_slices(volume: Tensor, group: int) -> Tensor:
    """Average groups of neighbouring slices.

    Args:
        volume: shape ``(C, X, Y, Z)``.
        group: slices in a group, at most Z.

    Returns:
        Shape ``(C, X, Y, Z // group)``; slices that fill no group are dropped at both ends.
    """
    number = volume.shape[-1] // group
    kept = volume.narrow(-1, _dropped(volume.shape[-1], group), number * group)
    return kept.unflatten(-1, (number, group)).mean(dim=-1)


def resize_slices(volume: Tensor, size: Sequence[int]) -> Tensor:
    """Resize every slice of magnitudes by cubic interpolation without aliasing.

    Args:
        volume: shape ``(C, X, Y, Z)``.
        size: ``(X', Y')``.

    Returns:
        Shape ``(C, X', Y', Z)``, of the same field of view; at least 0, where the kernel would undershoot.
    """
    if tuple(volume.shape[1:3]) == tuple(size):
        return volume
    slices = interpolate(
        volume.movedim(-1, 0), size=tuple(size), mode="bicubic", align_corners=False, antialias=True
    )
    return slices.clamp(min=0).movedim(0, -1)


def _dropped(depth: int, group: int) -> int:
    """Slices that are dropped before the first group."""
    return depth % group // 2


def _affine_of(affine: Tensor, shape: Sequence[int], size: Sequence[int], group: int) -> Tensor:
    """Affine of the new grid; voxels are counted by their centres, so its first lies between old ones."""
    steps = torch.tensor([shape[0] / size[0], shape[1] / size[1], group], dtype=affine.dtype)
    first = (steps - 1) / 2
    first[2] += _dropped(shape[2], group)
    change = torch.eye(4, dtype=affine.dtype)
    change[:3, :3], change[:3, 3] = torch.diag(steps), first
    return affine @ change
