import nibabel as nib
import numpy as np
import pytest
from shell_head import make_affine, rigid_matrix

from preprocessing.mr.label_file import read_labels
from preprocessing.mr.volume import Volume
from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import save_nifti

SHAPE = (12, 14, 6)
AFFINE = make_affine((2.0, 2.0, 4.0), SHAPE)
GRID = Volume(np.zeros(SHAPE, np.float32), AFFINE)
TRUTH = np.zeros(SHAPE, bool)
TRUTH[3:8, 4:9, 2:5] = True


def read(tmp_path, data, affine=AFFINE, drawn_on=None):
    save_nifti(data, affine, tmp_path / "mask.nii.gz")
    return read_labels(tmp_path / "mask.nii.gz", GRID, drawn_on or {})


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TRUTH.astype(np.uint8), id="0 and 1"),
        pytest.param(TRUTH.astype(np.int16) * 255, id="0 and 255"),
        pytest.param(np.where(TRUTH, 3.0, np.nan).astype(np.float32), id="NaN outside"),
        pytest.param(np.where(TRUTH, 0.99, 0.01).astype(np.float32), id="probability"),
        pytest.param(np.where(TRUTH, 0.5, 0.49).astype(np.float32), id="threshold"),
        pytest.param(TRUTH.astype(np.float32)[..., None], id="trailing axis"),
    ],
)
def test_a_mask_is_the_same_however_it_is_stored(tmp_path, data):
    np.testing.assert_array_equal(read(tmp_path, data), TRUTH)


def test_a_mask_of_nothing_but_nan_is_empty(tmp_path):
    assert not read(tmp_path, np.full(SHAPE, np.nan, np.float32)).any()


def test_a_scaled_integer_is_a_whole_number(tmp_path):
    image = nib.Nifti1Image(TRUTH.astype(np.uint8) * 51, AFFINE)
    image.header.set_slope_inter(0.0392157, 0)
    nib.save(image, tmp_path / "mask.nii.gz")
    np.testing.assert_array_equal(read_labels(tmp_path / "mask.nii.gz", GRID, {}), TRUTH)


@pytest.mark.parametrize("turned", [False, True], ids=["as the scan", "other axes"])
@pytest.mark.parametrize(
    "scan", [GRID, Volume(np.zeros((13, 14, 6), np.float32), AFFINE)], ids=["grid", "own"]
)
def test_a_mask_with_the_voxels_of_a_scan_moves_with_it(tmp_path, scan, turned):
    """Even where the grid has the same voxels: lesions are drawn on a scan, not on MDME images."""
    step = rigid_matrix((0, 0, 0), (2.0, 0, 0))  # one voxel to the right
    data, affine = np.zeros(scan.data.shape, np.uint8), AFFINE
    data[:12][TRUTH] = 1
    if turned:
        data = np.ascontiguousarray(data[::-1].swapaxes(0, 1))
        affine = AFFINE @ np.array(
            [[0, -1, 0, len(scan.data) - 1], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]
        )
    found = read(tmp_path, data, affine, {"T1w": (scan, np.eye(4)), "T2FLAIR": (scan, step)})
    np.testing.assert_array_equal(found, np.roll(TRUTH, -1, axis=0))


def test_a_mask_with_voxels_of_its_own_stays_in_the_frame_of_the_scanner(tmp_path):
    fine = np.kron(TRUTH, np.ones((2, 2, 2))).astype(np.uint8)
    affine = AFFINE @ np.array([[0.5, 0, 0, -0.25], [0, 0.5, 0, -0.25], [0, 0, 0.5, -0.25], [0, 0, 0, 1]])
    found = read(tmp_path, fine, affine, {"T2FLAIR": (GRID, rigid_matrix((0, 0, 0), (2.0, 0, 0)))})
    np.testing.assert_array_equal(found, TRUTH)


def test_a_mask_that_does_not_tell_its_place_is_refused(tmp_path):
    image = nib.Nifti1Image(TRUTH.astype(np.uint8), None)
    image.header["sform_code"] = image.header["qform_code"] = 0
    nib.save(image, tmp_path / "mask.nii.gz")
    with pytest.raises(DataError, match="does not tell where it lies"):
        read_labels(tmp_path / "mask.nii.gz", GRID, {})


def test_masks_that_are_none_or_lie_elsewhere_are_refused(tmp_path):
    far = rigid_matrix((0, 0, 0), (0, 0, 900)) @ AFFINE
    for data, affine, message in (
        (np.ones((*SHAPE, 2), np.uint8), AFFINE, "three dimensions"),
        (np.ones(SHAPE, np.uint8), far, "overlaps the scans"),
        (np.where(TRUTH, 1, -1).astype(np.int16), AFFINE, "whole numbers from 0 or of probabilities"),
        (np.where(TRUTH, 7.5, 0).astype(np.float32), AFFINE, "whole numbers from 0 or of probabilities"),
        (np.where(TRUTH, np.inf, 0).astype(np.float32), AFFINE, "not finite"),
    ):
        with pytest.raises(DataError, match=message):
            read(tmp_path, data, affine)
