"""A file that the gate refuses is named, and nothing else changes."""

import nibabel as nib
import numpy as np
import pytest
from monai.transforms import LoadImaged
from nifti_faults import FAULTS

from taskgan_ext.errors import DataError, RefusedSeries
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.transforms.load_volumes import LoadVolumesd

AFFINE = np.diag([2.0, 3, 4, 1])


@pytest.fixture
def item(tmp_path):
    """One file, and two that become channels; all random, so that they hardly compress."""
    rng = np.random.default_rng(0)
    for name in ("image.nii.gz", "t1.nii.gz", "t2.nii.gz", "plain.nii"):
        save_nifti(rng.random((6, 7, 8)).astype(np.float32), AFFINE, tmp_path / name)
    maps = [str(tmp_path / f"{name}.nii.gz") for name in ("t1", "t2")]
    return {"image": str(tmp_path / "image.nii.gz"), "maps": maps, "subject": "sub-01"}


def test_volumes_are_those_of_monai(item):
    keys = ["image", "maps"]
    found, wanted = LoadVolumesd(keys)(item), LoadImaged(keys, reader="NibabelReader")(item)
    for key in keys:
        np.testing.assert_array_equal(found[key].numpy(), wanted[key].numpy())
        np.testing.assert_array_equal(found[key].affine, wanted[key].affine)
        assert found[key].dtype == wanted[key].dtype


@pytest.mark.parametrize("kind", ["float32", "int16", "scaled", "four axes", "NIfTI-2, big-endian"])
def test_meta_data_are_those_of_monai(tmp_path, kind):
    values = np.random.default_rng(0).uniform(0, 100, (6, 7, 8, 2) if kind == "four axes" else (6, 7, 8))
    image = nib.Nifti1Image(values.astype("int16" if kind == "int16" else "float32"), AFFINE)
    if kind == "scaled":
        image.set_data_dtype("int16")
    if kind.startswith("NIfTI-2"):
        image = nib.Nifti2Image(values.astype(">f4"), AFFINE, nib.Nifti2Header(endianness=">"))
    nib.save(image, tmp_path / "image.nii.gz")
    item = {"image": str(tmp_path / "image.nii.gz")}
    found = LoadVolumesd("image")(item)["image"]
    wanted = LoadImaged("image", reader="NibabelReader")(item)["image"]
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())
    assert found.meta.keys() == wanted.meta.keys()
    for name in wanted.meta:
        np.testing.assert_array_equal(found.meta[name], wanted.meta[name], err_msg=name)


@pytest.mark.parametrize("name", FAULTS)
def test_the_gate_is_in_front(tmp_path, name):
    path = FAULTS[name].write(tmp_path)
    with pytest.raises(RefusedSeries) as caught:
        LoadVolumesd("image")({"image": str(path)})
    assert caught.value.code == FAULTS[name].code


@pytest.mark.parametrize("damage", ["cut", "damaged", "text", "empty", "missing"])
@pytest.mark.parametrize("name", ["image.nii.gz", "t2.nii.gz", "plain.nii"])
def test_a_damaged_file_is_named(item, tmp_path, name, damage):
    path = tmp_path / name
    content = path.read_bytes()
    broken = {
        "cut": content[: len(content) // 2],
        "damaged": content[:12] + 40 * b"\xff" + content[52:],
        "text": b"no image",
        "empty": b"",
    }
    path.unlink()
    if damage in broken:
        path.write_bytes(broken[damage])
    if name == "plain.nii":
        item["image"] = str(path)
    with pytest.raises(DataError, match=rf"{name}: expected a NIfTI volume"):
        LoadVolumesd(["image", "maps"])(item)


def test_files_of_different_grids_are_named(item, tmp_path):
    save_nifti(np.ones((6, 7, 9), dtype=np.float32), AFFINE, tmp_path / "t2.nii.gz")
    with pytest.raises(DataError, match=r"sub-01: expected files of maps on one grid, got .*\(6, 7, 9\)"):
        LoadVolumesd(["image", "maps"])(item)


def test_keys_may_be_missing(item):
    assert LoadVolumesd("regions", allow_missing_keys=True)(item) == item
