"""Data lists, data sets and samplers."""

from taskgan_ext.data.check_items import check_items
from taskgan_ext.data.datalist import count_classes, datalist_digest, images_root, load_datalist
from taskgan_ext.data.embedding import embedding_of
from taskgan_ext.data.epoch_sampler import EpochIndex, EpochSampler
from taskgan_ext.data.list_images import list_images
from taskgan_ext.data.list_pictures import list_pictures
from taskgan_ext.data.slice_dataset import SliceDataset, slice_stack
from taskgan_ext.data.training_subjects import refuse_training_subjects, write_training_subjects

__all__ = [
    "EpochIndex",
    "EpochSampler",
    "SliceDataset",
    "check_items",
    "count_classes",
    "datalist_digest",
    "embedding_of",
    "images_root",
    "list_images",
    "list_pictures",
    "load_datalist",
    "refuse_training_subjects",
    "slice_stack",
    "write_training_subjects",
]
