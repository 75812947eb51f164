"""Pixels and slices change their size; what they show stays where it is."""

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from scipy.ndimage import gaussian_filter

from taskgan_ext.transforms.resample_slices import ResampleSlicesd, average_slices, resize_slices


def blob(voxel_mm, extent_mm=(96.0, 120.0, 48.0)):
    """A smooth ball off the centre of a box, on a grid that is turned about the slice axis."""
    shape = [round(length / size) for length, size in zip(extent_mm, voxel_mm, strict=True)]
    affine = np.array([[0, -1.0, 0, 20], [1.0, 0, 0, -30], [0, 0, 1, 5], [0, 0, 0, 1]])
    affine = affine @ np.diag([*voxel_mm, 1]) @ shifted([0.5, 0.5, 0.5])
    axes = [(np.arange(length) + 0.5) * size for length, size in zip(shape, voxel_mm, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    ball = np.exp(-((x - 40) ** 2 + (y - 70) ** 2) / 300 - (z - 22) ** 2 / 60)
    return MetaTensor(torch.from_numpy(ball.astype(np.float32))[None], affine=torch.from_numpy(affine))


def shifted(voxels):
    affine = np.eye(4)
    affine[:3, 3] = voxels
    return affine


def centre_mm(image):
    """Centre of mass in RAS mm."""
    weights = image.numpy()[0].astype(np.float64)
    indices = np.stack(np.meshgrid(*map(np.arange, weights.shape), indexing="ij"))
    voxel = (weights * indices).sum(axis=(1, 2, 3)) / weights.sum()
    return (image.affine.numpy() @ [*voxel, 1])[:3]


def resample(image, pixel_mm=2.0, slice_mm=4.0):
    return ResampleSlicesd("image", pixel_mm, slice_mm)({"image": image})["image"]


def voxel_mm(image):
    return image.affine[:3, :3].norm(dim=0).tolist()


@pytest.mark.parametrize(
    "size", [(1.0, 1.0, 1.0), (0.5, 0.8, 4.0), (4.0, 3.0, 1.5), (2.0, 2.0, 7.0)], ids=str
)
def test_what_is_seen_stays_in_place(size):
    image = blob(size)
    np.testing.assert_allclose(centre_mm(resample(image)), centre_mm(image), atol=0.1)


def test_pixels_get_the_wanted_size_and_the_field_of_view_stays():
    result = resample(blob((0.9, 1.1, 4.0)))
    assert voxel_mm(result)[:2] == pytest.approx([2.0, 2.0], rel=0.02)
    assert result.shape[1:3] == (48, 60)


@pytest.mark.parametrize(
    ("thickness", "wanted"), [(1.0, 4.0), (1.2, 3.6), (2.0, 4.0), (3.0, 3.0), (4.0, 4.0), (6.0, 6.0)]
)
def test_thin_slices_are_averaged_and_thick_ones_kept(thickness, wanted):
    assert voxel_mm(resample(blob((2.0, 2.0, thickness))))[2] == pytest.approx(wanted)


def test_an_image_that_has_the_size_already_is_not_changed():
    image = blob((2.0, 2.0, 4.0))
    result = resample(image)
    assert torch.equal(result.as_tensor(), image.as_tensor())
    assert torch.equal(result.affine, image.affine)


def test_a_group_is_averaged_and_what_fills_none_is_dropped_at_both_ends():
    volume = torch.arange(11.0).expand(1, 2, 2, 11)
    assert average_slices(volume, 3)[0, 0, 0].tolist() == [2.0, 5.0, 8.0]


def test_a_single_thin_slice_is_kept():
    assert resample(blob((2.0, 2.0, 1.0))[..., :1]).shape[-1] == 1


def test_noise_finer_than_the_pixels_does_not_alias():
    # Referee: sampling without a filter keeps all of the noise, a mean over 4 x 4 pixels a quarter of it.
    noise = torch.randn(1, 200, 200, 1, generator=torch.Generator().manual_seed(0)) + 50
    kept = float((resize_slices(noise, (50, 50)) - 50).std() / (noise - 50).std())
    assert 0.2 < kept < 0.35


def test_a_finer_copy_gives_the_image_of_the_coarse_one():
    fine = gaussian_filter(np.random.default_rng(0).uniform(0, 1, (96, 96)), 4.0)[..., None]
    coarse = fine.reshape(48, 2, 48, 2, 1).mean(axis=(1, 3))
    found = resize_slices(torch.from_numpy(fine)[None], (48, 48)).numpy()[0]
    assert np.abs(found - coarse).max() < 0.02 * np.ptp(coarse)


def test_no_magnitude_falls_below_zero():
    edge = torch.zeros(1, 40, 40, 1)
    edge[:, 20:] = 1
    assert float(resize_slices(edge, (17, 17)).min()) == 0
