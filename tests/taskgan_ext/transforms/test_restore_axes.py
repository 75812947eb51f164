"""Images go back to the grid of their file."""

import itertools

import numpy as np
import pytest
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged, Orientationd

from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.transforms.restore_axes import RestoreAxesd

SIZES = np.array([[0.3, 2.1, 0.1], [1.9, -0.2, 0.4], [0.2, 0.1, 4.7]])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1)])
def test_there_and_back_again_gives_the_file(tmp_path, order, signs):
    affine = np.eye(4)
    affine[:3, :3] = SIZES[:, order] * signs
    affine[:3, 3] = -31.4, 27.18, 5.77
    volume = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    save_nifti(volume, affine, tmp_path / "a.nii")
    read = Compose([LoadImaged("image", reader="NibabelReader"), EnsureChannelFirstd("image")])
    wanted = read({"image": tmp_path / "a.nii"})["image"]
    turned = Orientationd("image", "RAS", labels=None)(read({"image": tmp_path / "a.nii"}))
    found = RestoreAxesd("image")(turned)["image"]
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())
    np.testing.assert_array_equal(found.affine, wanted.affine)
