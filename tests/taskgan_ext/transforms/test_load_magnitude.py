"""One volume of magnitudes, or a message that says what the file holds instead."""

import numpy as np
import pytest
from nifti_faults import FAULTS

from taskgan_ext.errors import DataError, RefusedSeries
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.transforms.load_magnitude import LoadMagnituded

AFFINE = np.array([[0, 2.0, 0, -5], [-2.0, 0, 0, 7], [0, 0, 4, 1], [0, 0, 0, 1]])


def load(array, tmp_path):
    save_nifti(array, AFFINE, tmp_path / "image.nii.gz")
    return LoadMagnituded("image")({"image": tmp_path / "image.nii.gz"})["image"]


def values(*shape):
    return np.random.default_rng(0).uniform(1, 900, shape).astype(np.float32)


def test_values_affine_and_name_of_the_file_are_kept(tmp_path):
    image = load(values(5, 6, 3), tmp_path)
    np.testing.assert_array_equal(image.numpy()[0], values(5, 6, 3))
    np.testing.assert_array_equal(image.affine, AFFINE)
    assert image.meta["filename_or_obj"] == str(tmp_path / "image.nii.gz")


def test_the_sign_of_an_image_does_not_matter(tmp_path):
    np.testing.assert_array_equal(load(-values(5, 6, 3), tmp_path), load(values(5, 6, 3), tmp_path))


def test_what_is_not_a_number_is_background(tmp_path):
    array = values(5, 6, 3)
    array[0], array[1] = np.nan, -np.inf
    image = load(array, tmp_path).numpy()[0]
    assert not image[:2].any()
    np.testing.assert_array_equal(image[2:], array[2:])


@pytest.mark.parametrize("shape", [(5, 6), (5, 6, 1), (5, 6, 1, 1)])
def test_a_flat_image_is_a_volume_of_one_slice(tmp_path, shape):
    assert load(values(*shape), tmp_path).shape == (1, 5, 6, 1)


def test_a_series_of_volumes_is_refused_with_its_shape(tmp_path):
    with pytest.raises(
        DataError, match=r"image\.nii\.gz: expected one volume .* 4 dimensions of \(5, 6, 3, 2\)"
    ):
        load(values(5, 6, 3, 2), tmp_path)


@pytest.mark.parametrize("value", [0, np.nan])
def test_an_empty_image_is_refused(tmp_path, value):
    with pytest.raises(DataError, match=r"image\.nii\.gz: expected an image, but every voxel is zero"):
        load(np.full((5, 6, 3), value, dtype=np.float32), tmp_path)


def test_a_file_that_is_no_image_is_refused(tmp_path):
    (tmp_path / "image.nii.gz").write_text("no image")
    with pytest.raises(DataError, match="expected a NIfTI volume"):
        LoadMagnituded("image")({"image": tmp_path / "image.nii.gz"})


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "voxel NaN"])
def test_the_gate_is_in_front(tmp_path, name):
    path = FAULTS[name].write(tmp_path)
    with pytest.raises(RefusedSeries) as caught:
        LoadMagnituded("image")({"image": path})
    assert caught.value.code == FAULTS[name].code
    image = LoadMagnituded("image", keep_going=True)({"image": path})["image"]
    assert image.meta["problem"] == str(caught.value)


@pytest.mark.parametrize("content", ["text", "zeros"])
def test_a_bad_file_may_be_kept_as_an_empty_image_with_the_reason(tmp_path, content):
    if content == "text":
        (tmp_path / "image.nii.gz").write_text("no image")
    else:
        save_nifti(np.zeros((5, 6, 3), dtype=np.float32), AFFINE, tmp_path / "image.nii.gz")
    image = LoadMagnituded("image", keep_going=True)({"image": tmp_path / "image.nii.gz"})["image"]
    assert image.shape == (1, 1, 1, 1)
    assert not image.any()
    assert image.meta["problem"].startswith(str(tmp_path / "image.nii.gz"))
