"""Attenuation maps: units, geometry and refusals."""

import numpy as np
import pytest

from preprocessing.pet.reconstruct.attenuation_map import load_attenuation
from preprocessing.pet.reconstruct.image_frame import RAS_TO_RAS, STIR_TO_RAS, ImageFrame
from preprocessing.pet.scanner import ImageGrid
from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import save_nifti


def frame(signs=RAS_TO_RAS):
    return ImageFrame(ImageGrid(16, 4.0), 9, 3.0, -12.0, signs)


def smooth_map(affine, shape):
    """A map that is linear in space, so that linear interpolation is exact."""
    points = np.einsum("ij,jxyz->ixyz", affine[:3, :3], np.indices(shape)) + affine[:3, 3, None, None, None]
    return (0.09 + 2e-4 * points[0] + 3e-4 * points[1] - 5e-4 * points[2]).astype(np.float32)


@pytest.mark.parametrize("signs", [RAS_TO_RAS, STIR_TO_RAS["HFS"]], ids=["ras", "stir"])
def test_a_turned_finer_map_is_interpolated_where_the_voxels_are(tmp_path, signs):
    angle = 0.3
    affine = np.diag([2.5, -2.0, 1.5, 1.0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    affine[:2, :2] = turn @ affine[:2, :2]
    shape = np.array([48, 60, 40])
    affine[:3, 3] = -affine[:3, :3] @ ((shape - 1) / 2)
    save_nifti(smooth_map(affine, shape), affine, tmp_path / "mu.nii.gz")
    found = load_attenuation(tmp_path / "mu.nii.gz", frame(signs))
    expected = smooth_map(frame(signs).scanner_affine, (16, 16, 9))
    np.testing.assert_allclose(found * 10, expected, atol=1e-5)


def test_outside_the_map_is_air(tmp_path):
    save_nifti(np.full((4, 4, 1), 0.096, np.float32), np.diag([4.0, 4.0, 6.0, 1.0]), tmp_path / "mu.nii")
    found = load_attenuation(tmp_path / "mu.nii", frame())
    assert 0 < np.count_nonzero(found) <= 5 * 5 * 3
    assert found.max() == pytest.approx(0.0096, rel=1e-5)


@pytest.mark.parametrize(
    ("largest", "advice"),
    [(0.0096, "multiply it by 10"), (1500.0, "CT numbers"), (0.0, "in 1/cm"), (3.0, "1/cm")],
)
def test_a_map_in_another_unit_is_refused_with_the_unit(tmp_path, largest, advice):
    values = np.full((8, 8, 8), -1000.0 if largest > 1000 else 0.0, np.float32)
    values[2:6, 2:6] = largest
    save_nifti(values, np.diag([4.0, 4.0, 4.0, 1.0]), tmp_path / "mu.nii")
    with pytest.raises(DataError, match="in 1/cm") as caught:
        load_attenuation(tmp_path / "mu.nii", frame())
    assert advice in str(caught.value)


def test_a_map_elsewhere_is_refused(tmp_path):
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    affine[:3, 3] = 5000
    save_nifti(np.full((8, 8, 8), 0.096, np.float32), affine, tmp_path / "mu.nii")
    with pytest.raises(DataError, match="overlaps the image"):
        load_attenuation(tmp_path / "mu.nii", frame())


def test_a_map_with_values_that_are_no_numbers_is_refused(tmp_path):
    save_nifti(np.full((8, 8, 8), np.nan, np.float32), np.eye(4), tmp_path / "mu.nii")
    with pytest.raises(DataError, match=r"finite|numbers"):
        load_attenuation(tmp_path / "mu.nii", frame())


def test_the_written_volume_runs_to_right_front_and_top():
    volume = np.random.default_rng(0).random((16, 16, 9)).astype(np.float32)
    stir = frame(STIR_TO_RAS["HFS"])
    written = stir.to_ras(volume)
    assert (np.diag(stir.affine)[:3] > 0).all()
    for index in ((0, 0, 0), (3, 7, 8)):
        place = np.linalg.inv(stir.affine) @ stir.scanner_affine @ [*index, 1]
        assert written[tuple(np.rint(place[:3]).astype(int))] == volume[index]
