"""A preview shows input, restored and reference from left to right, and holds no text."""

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from taskgan_ext.tracking.preview_picture import draw_preview


def volume(value, affine=None):
    """Cube that lies left of the middle, behind and below."""
    image = torch.zeros(1, 8, 10, 5)
    image[:, :2, :3, 1:4] = value
    return MetaTensor(image, affine=torch.eye(4) if affine is None else affine)


def test_the_patients_left_is_on_the_right_and_the_back_is_below():
    picture = draw_preview({"image": volume(1.0), "pred": volume(2.0), "label": volume(2.0)})
    factor = picture.shape[0] // 10
    small = picture[::factor, ::factor]
    assert small.shape == (10, 3 * 8 + 2 * 2)
    tiles = [small[:, :8], small[:, 10:18], small[:, 20:]]
    assert [tile[9, 7] for tile in tiles] == [pytest.approx(128, abs=1), 255, 255]
    assert all(not tile[:7].any() and not tile[:, :6].any() for tile in tiles)


def test_an_input_of_several_channels_has_its_own_window():
    image = torch.zeros(8, 16, 16)
    image[:, 4:12, 4:12] = 100.0
    target = image[:1] / 100
    small = draw_preview({"image": image, "pred": target * 0, "label": target})
    assert small[:, : small.shape[0]].max() == 255


def test_photographs_keep_colour_and_orientation():
    label = torch.zeros(3, 16, 16)
    label[0, :8] = 1.0
    picture = draw_preview({"image": label, "pred": label, "label": label}, is_picture=True)
    assert picture[0, 0].tolist() == [255, 0, 0]
    assert picture[-1, 0].tolist() == [0, 0, 0]
    assert picture.dtype == np.uint8
