"""A file that cannot be read is named, and nothing else changes."""

import numpy as np
import pytest
from monai.transforms import LoadImaged

from taskgan_ext.errors import DataError
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
