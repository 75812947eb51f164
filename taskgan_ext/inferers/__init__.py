"""Ways to run a network on an image of any size."""

from taskgan_ext.inferers.padding import PaddingInferer, crop_to, pad_to_multiple
from taskgan_ext.inferers.slice_stacks import SliceStackInferer

__all__ = ["PaddingInferer", "SliceStackInferer", "crop_to", "pad_to_multiple"]
