"""Whatever a bundle or a file made of the axes, every voxel comes back to its place in the series."""

import itertools
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from dicom_edits import rotation
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.transforms import Compose, EnsureChannelFirstd, Orientationd

from taskgan_ext.dicom.derived.restored_file import read_restored
from taskgan_ext.dicom.derived.source_grid import on_source_grid
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.transforms.load_dicom_series import LoadDicomSeriesd

SHAPE = (5, 4, 3)
TURNS = [
    (axes, signs)
    for axes in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def source_affine(about_x: float = 0.3, about_z: float = -0.5) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = rotation(about_x, about_z) @ np.diag([-2.0, -2.5, 3.0])
    affine[:3, 3] = [12.5, -30.25, 7.75]
    return affine


def turned(values: np.ndarray, affine: np.ndarray, axes: tuple[int, ...], signs: tuple[int, ...]):
    """The same volume with other axes, by nibabel."""
    turn = np.array(list(zip(np.argsort(axes), signs, strict=True)), dtype=float)
    return nib.apply_orientation(values, turn), affine @ nib.orientations.inv_ornt_aff(turn, values.shape)


@given(
    turn=st.sampled_from(TURNS),
    about_x=st.floats(-3, 3),
    about_z=st.floats(-3, 3),
)
@settings(max_examples=100, deadline=None)
def test_every_turn_of_the_axes_is_undone(
    turn: tuple[tuple[int, ...], tuple[int, ...]], about_x: float, about_z: float
) -> None:
    values = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    affine = source_affine(about_x, about_z)
    other, other_affine = turned(values, affine, *turn)
    rounded = other_affine.astype(np.float32).astype(np.float64)
    np.testing.assert_array_equal(on_source_grid(other, rounded, SHAPE, affine), values)


@pytest.mark.parametrize(
    "change",
    [
        np.diag([1.1, 1, 1, 1]),
        np.diag([1.0, 1, 0, 1]),
        np.full((4, 4), np.nan),
        np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
        np.array([[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
    ],
    ids=["scaled", "flat", "not finite", "shifted by a voxel", "sheared"],
)
def test_another_grid_is_refused(change: np.ndarray) -> None:
    with pytest.raises(RefusedSeries, match="on the grid of the source") as caught:
        on_source_grid(np.zeros(SHAPE), source_affine() @ change, SHAPE, source_affine())
    assert caught.value.code == "output_gate"


@pytest.mark.parametrize("shape", [(5, 4, 2), (4, 5, 3), (5, 4), (1, 5, 4, 3)], ids=str)
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(RefusedSeries, match="on the grid of the source"):
        on_source_grid(np.zeros(shape), source_affine(), SHAPE, source_affine())


SAGITTAL = np.array([[0, 0, 3.0, -10], [-2, 0, 0, 20], [0, -2.5, 0, 30], [0, 0, 0, 1]])
SAGITTAL_REVERSED = SAGITTAL @ np.diag([1, 1, -1.0, 1])
CORONAL_OBLIQUE = np.array([[-2.0, 0, 0, 5], [0, 0.3, 2.9, 1], [0, -2.5, 0.35, 9], [0, 0, 0, 1]])
CORONAL_OBLIQUE[:3, 2] *= 3 / np.linalg.norm(CORONAL_OBLIQUE[:3, 2])
CORONAL_OBLIQUE[:3, 1] = np.cross(CORONAL_OBLIQUE[:3, 2], CORONAL_OBLIQUE[:3, 0]) / 6 * 2.5


@pytest.mark.parametrize(
    "affine",
    [SAGITTAL, SAGITTAL_REVERSED, CORONAL_OBLIQUE, source_affine()],
    ids=["sagittal", "sagittal, reversed", "coronal, tilted", "oblique"],
)
def test_a_volume_of_the_network_comes_back_to_its_slices(
    affine: np.ndarray, pet: Callable[..., Path], tmp_path: Path
) -> None:
    folder = pet(affine=affine, shuffled=True, reversed_numbers=True)
    load = Compose(
        [LoadDicomSeriesd("image"), EnsureChannelFirstd("image"), Orientationd("image", "RAS", labels=None)]
    )
    image = load({"image": str(folder)})["image"]
    source = read_series(folder)
    assert nib.aff2axcodes(image.affine.numpy()) == ("R", "A", "S")
    found = on_source_grid(image[0].numpy(), image.affine.numpy(), source.volume.shape, source.affine)
    np.testing.assert_array_equal(found, source.volume)
    save_nifti(image[0].numpy(), image.affine.numpy(), tmp_path / "restored.nii.gz")
    saved = read_restored(tmp_path / "restored.nii.gz", source.volume.shape, source.affine)
    np.testing.assert_array_equal(saved, source.volume)
