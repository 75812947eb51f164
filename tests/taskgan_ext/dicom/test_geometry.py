from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name in its manual

from preprocessing.mr.dicom_export import write_contrast_dicom
from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.reader.conventional import read_contrast
from taskgan_ext.mr.reader.dicom_files import read_headers
from taskgan_ext.mr.reader.geometry import lps_to_ras, stack_of

PROTOCOL = Protocol(5.0, 0.1)


def oblique_affine(flipped: bool = False) -> np.ndarray:
    """Axes turned about all three directions; with the third reversed the axes are left-handed in LPS."""
    angle_x, angle_z = 0.3, -0.5
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(angle_x), -np.sin(angle_x)], [0, np.sin(angle_x), np.cos(angle_x)]]
    )
    about_z = np.array(
        [[np.cos(angle_z), -np.sin(angle_z), 0], [np.sin(angle_z), np.cos(angle_z), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.diag([-0.9, -1.1, -4.0 if flipped else 4.0])
    affine[:3, 3] = [12.5, -30.25, 7.75]
    return affine


def test_left_and_back_become_negative() -> None:
    """Hand-computed: 1 mm to the left, 2 mm to the back, 3 mm up."""
    lps = np.eye(4)
    lps[:3, 3] = [1, 2, 3]
    np.testing.assert_array_equal(lps_to_ras(lps) @ [0, 0, 0, 1], [-1, -2, 3, 1])
    np.testing.assert_array_equal(lps_to_ras(lps_to_ras(lps)), lps)


def test_an_axial_voxel_lies_where_the_header_says(scan, export: Callable[..., Path]) -> None:
    """Hand-computed: the first voxel is at RAS (20, 30, -10), the third column 4 mm to the left."""
    stack = stack_of(read_headers(export(scan)))
    np.testing.assert_allclose(stack.affine @ [0, 0, 0, 1], [20, 30, -10, 1], atol=1e-9)
    np.testing.assert_allclose(stack.affine @ [2, 1, 1, 1], [16, 28, -4, 1], atol=1e-9)
    assert stack.shape == (14, 12, 2)


@pytest.mark.parametrize("flipped", [False, True])
def test_an_oblique_volume_lies_where_another_reader_puts_it(flipped: bool, tmp_path: Path) -> None:
    affine = oblique_affine(flipped)
    rng = np.random.default_rng(0)
    volume = rng.uniform(100, 2000, size=(9, 7, 5)).astype(np.float32)
    write_contrast_dicom(volume, affine, "T2w", PROTOCOL, tmp_path / "dicom", seed=1)
    image = read_contrast(tmp_path / "dicom")

    series = sitk.ImageSeriesReader()
    series.SetFileNames(series.GetGDCMSeriesFileNames(str(tmp_path / "dicom")))
    other = series.Execute()
    for index in [(0, 0, 0), (8, 6, 4), (3, 5, 1), (7, 2, 3)]:
        x, y, z = (image.affine @ [*index, 1])[:3]
        there = other.TransformPhysicalPointToIndex((-x, -y, z))
        assert image.data[index] == other[there]
        own = np.rint(np.linalg.inv(affine) @ [x, y, z, 1]).astype(int)[:3]
        assert image.data[index] == pytest.approx(volume[tuple(own)] * 2000 / volume.max(), abs=0.5001)
