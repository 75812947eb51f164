"""Transforms that MONAI does not have."""

from taskgan_ext.transforms.check_same_grid import CheckSameGridd
from taskgan_ext.transforms.scale_by_mean import ScaleByMeand, foreground_mean

__all__ = ["CheckSameGridd", "ScaleByMeand", "foreground_mean"]
