"""Data lists, data sets and samplers."""

from taskgan_ext.data.datalist import datalist_digest, images_root, list_images, load_datalist
from taskgan_ext.data.epoch_sampler import EpochIndex, EpochSampler
from taskgan_ext.data.slice_dataset import SliceDataset, slice_stack

__all__ = [
    "EpochIndex",
    "EpochSampler",
    "SliceDataset",
    "datalist_digest",
    "images_root",
    "list_images",
    "load_datalist",
    "slice_stack",
]
