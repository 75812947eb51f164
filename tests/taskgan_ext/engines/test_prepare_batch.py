"""Engines get plain tensors of the right type on the right device."""

import pytest
import torch
from monai.data import MetaTensor

from taskgan_ext.engines.prepare_batch import case_names, prepare_restoration_batch, prepare_task_batch

BATCH = {
    "image": MetaTensor(torch.zeros(2, 1, 4, 4)),
    "label": MetaTensor(torch.ones(2, 1, 4, 4)),
    "property": [0, 1],
}


def test_images_lose_their_meta_data_and_keep_their_order():
    image, label, prop = prepare_restoration_batch(BATCH, "cpu")
    assert type(image) is type(label) is torch.Tensor
    assert (float(image.sum()), float(label.sum())) == (0.0, 32.0)
    assert prop.tolist() == [0, 1]


def test_task_batch_is_the_reference_image_and_its_property():
    label, prop = prepare_task_batch(BATCH, "cpu")
    assert float(label.mean()) == 1.0
    assert prop.tolist() == [0, 1]


def test_type_asked_for_reaches_the_images_and_not_the_property():
    image, label, prop = prepare_restoration_batch(BATCH, "cpu", dtype=torch.float64)
    assert image.dtype == label.dtype == torch.float64
    assert prop.dtype == torch.int64


@pytest.mark.parametrize(
    ("batch", "names"),
    [
        ({"case": ["a slice 1", "b slice 2"], "subject": ["a", "b"]}, ["a slice 1", "b slice 2"]),
        ({"subject": ["a", "b"]}, ["a", "b"]),
        ({"subject": "a"}, ["a"]),
        ({}, []),
    ],
    ids=["case", "subject", "one", "none"],
)
def test_cases_are_named_as_well_as_they_can_be(batch, names):
    assert case_names(batch) == names
