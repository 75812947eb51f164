import math

import numpy as np
import pytest
import torch
from skimage.metrics import normalized_root_mse, structural_similarity

from taskgan_ext.errors import ConfigError
from taskgan_ext.metrics.slice_protocol import mean_norm, slice_quality


@pytest.fixture
def volumes():
    generator = torch.Generator().manual_seed(3)
    target = torch.zeros(20, 18, 9, dtype=torch.float64)
    target[4:16, 3:15, 1:8] = 1000 * (0.5 + torch.rand(12, 12, 7, generator=generator, dtype=torch.float64))
    pred = target * (1 + 0.3 * torch.randn(target.shape, generator=generator, dtype=torch.float64))
    return pred, target


def referee(pred, target, first, last, crop):
    """The protocol written out slice by slice with scikit-image."""
    x, y = pred.numpy(), target.numpy()
    x_crop, y_crop = (volume[..., crop[0] : crop[1] + 1] for volume in (x, y))
    x, y = x / x_crop[x_crop > 0].mean(), y / y_crop[y_crop > 0].mean()
    found = {"psnr": [], "ssim": [], "nrmse": []}
    for z in range(first, last + 1):
        if not y[..., z].any():
            continue
        span = max(y[..., z].max(), 1)
        found["psnr"].append(10 * np.log10(span**2 / np.mean((x[..., z] - y[..., z]) ** 2)))
        found["ssim"].append(structural_similarity(y[..., z], x[..., z], data_range=span))
        found["nrmse"].append(normalized_root_mse(y[..., z], x[..., z]))
    return {name: np.mean(values) for name, values in found.items()}


def test_literal_rule_equals_scikit_image_slice_by_slice(volumes):
    quality = slice_quality(*volumes, (2, 8), norm_slices=(1, 6), normalise="own_mean")
    for name, expected in referee(*volumes, 2, 8, (1, 6)).items():
        assert getattr(quality, name) == pytest.approx(expected, abs=1e-9), name


def test_both_rules_agree_where_the_supports_do(volumes):
    pred, target = volumes
    pred = pred.clamp_min(1e-6) * (target > 0)
    assert slice_quality(pred, target) == slice_quality(pred, target, normalise="own_mean")


def test_faint_background_of_the_restored_volume_does_not_rescale_it(volumes):
    _, target = volumes
    restored = target + 1e-3
    assert slice_quality(restored, target).nrmse < 1e-5
    assert slice_quality(restored, target, normalise="own_mean").nrmse > 0.5


@pytest.mark.parametrize("normalise", ["mean", "own_mean"])
def test_scale_of_either_volume_does_not_matter(volumes, normalise):
    pred, target = volumes
    before = slice_quality(pred, target, normalise=normalise)
    after = slice_quality(7.0 * pred, 0.02 * target, normalise=normalise)
    for name in ("psnr", "ssim", "nrmse"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=1e-9)


def test_scale_matters_without_normalisation(volumes):
    _, target = volumes
    quality = slice_quality(2 * target, target, (1, 7), normalise="none", data_range=1000.0)
    assert quality.nrmse == pytest.approx(1.0)
    assert quality.rmse == pytest.approx(float(target[..., 1:8].square().mean((0, 1)).sqrt().mean()))


def test_identity_is_perfect(volumes):
    _, target = volumes
    quality = slice_quality(target, target)
    assert math.isinf(quality.psnr)
    assert quality.nrmse == 0
    assert quality.ssim == pytest.approx(1)


def test_empty_slices_are_skipped_and_counted(volumes):
    quality = slice_quality(*volumes)
    assert (quality.num_slices, quality.num_empty) == (7, 2)
    assert quality.nrmse == pytest.approx(slice_quality(*volumes, (1, 7)).nrmse)


def test_an_empty_target_gives_nan_and_no_warning(volumes):
    pred, target = volumes
    quality = slice_quality(pred, torch.zeros_like(target))
    assert quality.num_slices == 0
    assert all(math.isnan(value) for value in (quality.psnr, quality.ssim, quality.nrmse))


def test_a_dead_generator_scores_one(volumes):
    _, target = volumes
    assert slice_quality(torch.zeros_like(target), target).nrmse == pytest.approx(1.0)


@pytest.mark.parametrize("slices", [(0, 9), (-1, 3), (5, 4)], ids=str)
def test_slices_outside_the_volume_are_refused(volumes, slices):
    with pytest.raises(ConfigError, match=r"expected slices within 0\.\.8"):
        slice_quality(*volumes, slices)


def test_volumes_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"two volumes of one shape \(X, Y, Z\)"):
        slice_quality(torch.zeros(8, 8, 3), torch.zeros(8, 8, 4))


def test_norm_is_one_without_positive_voxels():
    assert mean_norm(-torch.ones(3), torch.ones(3, dtype=torch.bool)) == 1
    assert mean_norm(torch.ones(3), torch.zeros(3, dtype=torch.bool)) == 1
