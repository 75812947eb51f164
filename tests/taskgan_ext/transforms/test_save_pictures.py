"""Restored pictures keep the folders of their inputs, which are never written over."""

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import SaveImage
from PIL import Image

from taskgan_ext.data.datalist import images_root
from taskgan_ext.errors import DataError
from taskgan_ext.transforms.load_pictures import LoadPicturesd
from taskgan_ext.transforms.save_pictures import SavePicturesd


@pytest.fixture
def source(tmp_path):
    """A picture of five rows and seven columns in a folder of its identity."""
    path = tmp_path / "faces" / "anna" / "anna_0001.jpg"
    path.parent.mkdir(parents=True)
    Image.fromarray(np.zeros((5, 7), np.uint8)).save(path)
    return path


def image_of(source, channels=1, seed=0, ndim=4):
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (channels, 5, 7, 1)[:ndim], generator=generator)
    return MetaTensor(pixels / 255, meta={"filename_or_obj": str(source)})


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("ndim", [3, 4])
def test_pixels_come_back(tmp_path, source, channels, ndim):
    item = {"pred": image_of(source, channels, ndim=ndim)}
    assert SavePicturesd("pred", tmp_path / "out")(item) == item
    written = LoadPicturesd("pred", channels)({"pred": tmp_path / "out" / "anna_0001_restored.png"})["pred"]
    torch.testing.assert_close(
        written.as_tensor().reshape(channels, 5, 7), item["pred"].as_tensor().reshape(channels, 5, 7)
    )


@pytest.mark.parametrize("postfix", ["restored", ""])
@pytest.mark.parametrize("given", ["faces", "faces/anna", "faces/anna/anna_0001.jpg"])
def test_folders_and_names_are_those_of_monai(tmp_path, source, given, postfix):
    root = images_root(tmp_path / given)
    SavePicturesd("pred", tmp_path / "out", root, postfix)({"pred": image_of(source)})
    monai = SaveImage(
        tmp_path / "monai", postfix, ".png", data_root_dir=root, separate_folder=False, resample=False,
        output_dtype=np.uint8, writer="PILWriter", print_log=False,
    )  # fmt: skip
    monai(image_of(source)[..., 0], meta_data={"filename_or_obj": str(source)})
    found, wanted = (
        [file.relative_to(tmp_path / name) for file in (tmp_path / name).rglob("*.png")]
        for name in ("out", "monai")
    )
    assert found == wanted


def test_several_pictures_stand_side_by_side(tmp_path, source):
    item = {key: image_of(source, 3, seed) for seed, key in enumerate(("image", "pred"))}
    SavePicturesd(["image", "pred", "label"], tmp_path / "strips", allow_missing_keys=True)(item)
    strip = np.asarray(Image.open(tmp_path / "strips" / "anna_0001_restored.png"))
    assert strip.shape == (5, 14, 3)
    right = np.moveaxis(item["pred"][..., 0].numpy(), 0, -1)
    np.testing.assert_array_equal(strip[:, 7:], (right * 255).round())


def test_a_picture_from_elsewhere_stays_below_the_output(tmp_path, source):
    (tmp_path / "other").mkdir()
    SavePicturesd("pred", tmp_path / "out", tmp_path / "other")({"pred": image_of(source)})
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["anna_0001_restored.png"]


def test_the_input_is_not_written_over(tmp_path, source):
    png = source.with_suffix(".png")
    Image.open(source).save(png)
    before = png.read_bytes()
    save = SavePicturesd("pred", tmp_path / "faces", tmp_path / "faces", output_postfix="")
    with pytest.raises(DataError, match=r"anna_0001\.png: expected a file other than the input"):
        save({"pred": image_of(png)})
    assert png.read_bytes() == before
