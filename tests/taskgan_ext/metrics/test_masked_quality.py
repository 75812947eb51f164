import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from taskgan_ext.metrics.masked_quality import masked_psnr, masked_range, masked_rmse, masked_ssim


def make_volumes(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(shape, generator=generator) + 0.2
    return target + 0.2 * torch.randn(shape, generator=generator), target


def make_mask(shape, border=3):
    """A ball that keeps off the border of the slices."""
    axes = torch.meshgrid(*(torch.linspace(-1, 1, n) for n in shape), indexing="ij")
    mask = torch.stack([axis.square() for axis in axes]).sum(dim=0) < 0.8
    inner = torch.zeros_like(mask)
    inner[border:-border, border:-border] = mask[border:-border, border:-border]
    return inner


QUALITY = {"psnr": masked_psnr, "ssim": masked_ssim, "rmse": lambda x, y, mask, _: masked_rmse(x, y, mask)}


@pytest.mark.parametrize("percentile", [0, 37.5, 99.5, 100])
def test_range_equals_numpy(percentile):
    _, target = make_volumes(12, 13, 5)
    mask = make_mask(target.shape)
    expected = np.percentile(target.double()[mask].numpy(), percentile)
    assert masked_range(target, mask, percentile).item() == pytest.approx(expected, rel=1e-12)


def test_psnr_and_ssim_equal_scikit_image_over_the_mask():
    pred, target = make_volumes(20, 18, 37)
    mask = make_mask(target.shape)
    x, y = pred.double().numpy(), target.double().numpy()
    expected = peak_signal_noise_ratio(y[mask], x[mask], data_range=1.3)
    assert masked_psnr(pred, target, mask, 1.3).item() == pytest.approx(expected, abs=1e-9)
    maps = [structural_similarity(y[..., z], x[..., z], data_range=1.3, full=True)[1] for z in range(37)]
    expected = np.stack(maps, axis=-1)[mask.numpy()].mean()
    assert masked_ssim(pred, target, mask, 1.3).item() == pytest.approx(expected, abs=1e-9)


def test_ssim_leaves_out_pixels_without_a_window():
    pred, target = make_volumes(12, 11, 3)
    everywhere = torch.ones(12, 11, 3, dtype=torch.bool)
    inner = torch.zeros_like(everywhere)
    inner[3:-3, 3:-3] = True
    assert masked_ssim(pred, target, everywhere, 1.0) == masked_ssim(pred, target, inner, 1.0)


def test_a_perfect_restoration_has_no_error():
    _, target = make_volumes(12, 11, 4)
    mask = make_mask(target.shape)
    assert masked_psnr(target, target, mask, 1.0).item() == float("inf")
    assert masked_rmse(target, target, mask).item() == 0
    assert masked_ssim(target, target, mask, 1.0).item() == pytest.approx(1)


@pytest.mark.parametrize("name", ["psnr", "rmse"])
def test_voxels_outside_the_mask_do_not_count(name):
    pred, target = make_volumes(12, 11, 4)
    mask = make_mask(target.shape)
    other_pred, other_target = torch.where(mask, pred, 9.0), torch.where(mask, target, -7.0)
    assert masked_range(target, mask) == masked_range(other_target, mask)
    measure = QUALITY[name]
    assert measure(pred, target, mask, 1.2) == measure(other_pred, other_target, mask, 1.2)


def test_ssim_does_not_see_farther_than_its_windows():
    pred, target = make_volumes(30, 30, 3)
    mask = torch.zeros(30, 30, 3, dtype=torch.bool)
    mask[12:18, 12:18, 1] = True
    seen = torch.zeros_like(mask)
    seen[9:21, 9:21, 1] = True
    expected = masked_ssim(pred, target, mask, 1.0)
    assert masked_ssim(torch.where(seen, pred, 5.0), target, mask, 1.0) == expected


@pytest.mark.parametrize("name", QUALITY)
def test_the_unit_of_both_images_cancels(name):
    pred, target = make_volumes(12, 11, 4)
    mask = make_mask(target.shape)
    found = []
    for factor in (1.0, 1000.0):
        x, y = factor * pred.double(), factor * target.double()
        span = masked_range(y, mask)
        value = QUALITY[name](x, y, mask, span)
        found.append(float(value / span) if name == "rmse" else float(value))
    assert found[0] == pytest.approx(found[1], rel=1e-9)


@pytest.mark.parametrize("name", QUALITY)
def test_a_scale_of_the_restored_image_is_an_error(name):
    _, target = make_volumes(12, 11, 4)
    mask = make_mask(target.shape)
    perfect, scaled, more = (
        float(QUALITY[name](factor * target, target, mask, 1.0)) for factor in (1.0, 1.1, 1.2)
    )
    assert (more < scaled < perfect) if name != "rmse" else (more > scaled > perfect)


def test_rmse_of_a_constant_error_is_that_error():
    _, target = make_volumes(12, 11, 4)
    mask = make_mask(target.shape)
    assert masked_rmse(target.double() - 0.3, target, mask).item() == pytest.approx(0.3)
    assert masked_psnr(target.double() - 0.3, target, mask, 3.0).item() == pytest.approx(20)


@pytest.mark.parametrize("name", QUALITY)
def test_an_empty_mask_gives_nan(name):
    pred, target = make_volumes(12, 11, 4)
    nothing = torch.zeros(target.shape, dtype=torch.bool)
    assert QUALITY[name](pred, target, nothing, 1.0).isnan()
    assert masked_range(target, nothing).isnan()


def test_a_mask_of_another_shape_is_refused():
    pred, target = make_volumes(12, 11, 4)
    with pytest.raises(ValueError, match=r"shape of the mask \(12, 11, 3\)"):
        masked_psnr(pred, target, torch.ones(12, 11, 3, dtype=torch.bool), 1.0)
