"""Volumes keep their values, their geometry and their bytes."""

import nibabel as nib
import numpy as np
import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import load_nifti, save_nifti

OBLIQUE = np.array([[-1.9, 0.3, 0.1, 90], [0.3, 2.0, -0.4, -126], [0.2, 0.5, 2.4, -72], [0, 0, 0, 1.0]])


@pytest.fixture
def volume():
    return np.random.default_rng(0).random((4, 5, 6))


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_same_volume_gives_same_bytes(tmp_path, volume, ending):
    paths = [tmp_path / f"{name}{ending}" for name in ("a", "other_name")]
    for path in paths:
        save_nifti(volume, OBLIQUE, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_values_and_affine_survive_the_round_trip(tmp_path, volume):
    save_nifti(volume, OBLIQUE, tmp_path / "a.nii.gz")
    found, affine = load_nifti(tmp_path / "a.nii.gz")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, volume.astype(np.float32))
    np.testing.assert_allclose(affine, OBLIQUE, rtol=1e-6)


def test_both_transforms_of_the_header_say_scanner_and_millimetres(tmp_path, volume):
    save_nifti(volume, np.diag([2.0, 3, 4, 1]), tmp_path / "a.nii")
    header = nib.load(tmp_path / "a.nii").header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, 1)
    assert header.get_xyzt_units() == ("mm", "sec")
    np.testing.assert_allclose(header.get_qform(), header.get_sform(), atol=1e-5)


def test_label_map_keeps_its_type(tmp_path):
    save_nifti(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.eye(4), tmp_path / "a.nii.gz")
    assert nib.load(tmp_path / "a.nii.gz").get_data_dtype() == np.uint8


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "found no file"), (b"no image", "cannot be read"), (b"", "cannot be read")],
    ids=["missing", "text", "empty"],
)
def test_what_is_no_volume_is_refused_with_its_path(tmp_path, content, message):
    path = tmp_path / "a.nii"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        load_nifti(path)
    assert str(path) in str(caught.value)


def test_cut_file_is_refused(tmp_path, volume):
    path = tmp_path / "a.nii.gz"
    save_nifti(volume, np.eye(4), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="cannot be read"):
        load_nifti(path)
