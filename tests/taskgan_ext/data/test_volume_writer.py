"""A restored volume has the axes of its input, however few slices it has."""

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import SaveImaged

AFFINE = np.diag([2.0, 2.0, 3.0, 1.0])


@pytest.mark.parametrize(
    ("shape", "written"),
    [
        ((1, 6, 5, 1), (6, 5, 1)),
        ((1, 6, 1, 1), (6, 1, 1)),
        ((1, 6, 5, 4), (6, 5, 4)),
        ((2, 6, 5, 1), (6, 5, 1, 2)),
    ],
)
def test_no_axis_of_a_volume_is_lost(tmp_path, shape, written):
    image = MetaTensor(torch.rand(shape), affine=AFFINE, meta={"filename_or_obj": "scan.nii.gz"})
    save = SaveImaged(
        "pred",
        output_dir=str(tmp_path),
        output_postfix="restored",
        separate_folder=False,
        print_log=False,
        resample=False,
        writer="taskgan_ext.data.volume_writer.VolumeWriter",
    )
    save({"pred": image})
    found = nib.load(tmp_path / "scan_restored.nii.gz")
    assert found.shape == written
    np.testing.assert_array_equal(found.affine, AFFINE)
    values = image.numpy()[0] if shape[0] == 1 else np.moveaxis(image.numpy(), 0, -1)
    np.testing.assert_array_equal(found.get_fdata(dtype=np.float32), values)
