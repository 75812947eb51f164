"""A picture is a volume of one slice, rows first."""

import logging

import numpy as np
import pytest
import torch
from monai.data import MetaTensor, PILReader
from monai.transforms import LoadImage
from PIL import Image

from taskgan_ext.errors import DataError
from taskgan_ext.transforms.load_pictures import LoadPicturesd


@pytest.fixture
def path(tmp_path):
    """Five rows and seven columns, in colour."""
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "anna_0001.png")
    return str(tmp_path / "anna_0001.png")


@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_what_monai_reads_without_exchanging_axes(path, channels):
    found = LoadPicturesd("image", channels=channels)({"image": path})["image"]
    reader = PILReader(
        converter=lambda image: image.convert("L" if channels == 1 else "RGB"), reverse_indexing=False
    )
    wanted = LoadImage(reader=reader, image_only=True)(path).reshape(5, 7, channels)
    assert isinstance(found, MetaTensor)
    assert found.dtype == torch.float32
    assert found.shape == (channels, 5, 7, 1)
    np.testing.assert_allclose(found[..., 0].numpy() * 255, np.moveaxis(wanted.numpy(), -1, 0), rtol=1e-6)


def test_meta_data_name_the_file(path):
    item = LoadPicturesd(["image", "label"])({"image": path, "label": path, "subject": "anna"})
    assert item["subject"] == "anna"
    for key in ("image", "label"):
        assert item[key].meta["filename_or_obj"] == path
        assert torch.equal(item[key].affine, torch.eye(4, dtype=torch.float64))


def test_keys_may_be_missing(path):
    assert set(LoadPicturesd(["image", "label"], allow_missing_keys=True)({"image": path})) == {"image"}
    with pytest.raises(KeyError):
        LoadPicturesd("label")({"image": path})


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(DataError, match=r"b\.png: expected a PNG"):
        LoadPicturesd("image")({"image": str(tmp_path / "b.png")})


def test_lost_colour_is_told_once(path, caplog, monkeypatch):
    monkeypatch.setattr(LoadPicturesd, "warned", False)
    LoadPicturesd("image", channels=3)({"image": path})
    assert caplog.text == ""
    for _ in range(2):
        LoadPicturesd("image")({"image": path})
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message.startswith(f"{path}: expected grey pictures, got one in colour")
    assert "--picture_channels 3" in record.message
