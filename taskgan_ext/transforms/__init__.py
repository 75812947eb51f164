"""Transforms that MONAI does not have."""

from taskgan_ext.transforms.scale_by_mean import ScaleByMeand, foreground_mean

__all__ = ["ScaleByMeand", "foreground_mean"]
