import numpy as np
import pytest
import torch
from skimage.metrics import normalized_root_mse, peak_signal_noise_ratio, structural_similarity

from taskgan_ext.metrics.image_quality import nrmse, psnr, rmse, ssim


def make_pair(*shape, seed=0, offset=0.0):
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(shape, generator=generator, dtype=torch.float64) + offset
    return target + 0.2 * torch.randn(shape, generator=generator, dtype=torch.float64), target


@pytest.mark.parametrize("data_range", [1.0, 37.5])
@pytest.mark.parametrize("shape", [(16, 16), (7, 31), (24, 9)], ids=str)
def test_every_slice_equals_scikit_image(shape, data_range):
    pred, target = make_pair(3, 2, *shape)
    ours = {
        "psnr": psnr(pred, target, data_range),
        "ssim": ssim(pred, target, data_range),
        "nrmse": nrmse(pred, target),
    }
    for index in np.ndindex(3, 2):
        x, y = pred[index].numpy(), target[index].numpy()
        referee = {
            "psnr": peak_signal_noise_ratio(y, x, data_range=data_range),
            "ssim": structural_similarity(y, x, data_range=data_range),
            "nrmse": normalized_root_mse(y, x),
        }
        for name, expected in referee.items():
            assert ours[name][index].item() == pytest.approx(expected, abs=1e-9), name


def test_ssim_of_other_window_equals_scikit_image():
    pred, target = make_pair(20, 20)
    expected = structural_similarity(target.numpy(), pred.numpy(), data_range=1.0, win_size=11)
    assert ssim(pred, target, 1.0, win_size=11).item() == pytest.approx(expected, abs=1e-9)


def test_ssim_of_the_gaussian_window_equals_scikit_image():
    pred, target = make_pair(24, 20)
    expected = structural_similarity(
        target.numpy(), pred.numpy(), data_range=1.0, gaussian_weights=True, use_sample_covariance=False
    )
    assert ssim(pred, target, 1.0, win_size=11, sigma=1.5).item() == pytest.approx(expected, abs=1e-9)


def test_ssim_keeps_its_digits_for_float32_with_a_large_offset():
    pred, target = make_pair(16, 16, offset=5000.0)
    single = ssim(pred.float(), target.float(), 1.0).item()
    referee = structural_similarity(
        target.float().double().numpy(), pred.float().double().numpy(), data_range=1.0
    )
    assert single == pytest.approx(referee, abs=1e-6)


def test_data_range_may_differ_between_slices():
    pred, target = make_pair(3, 12, 12)
    ranges = torch.tensor([1.0, 2.0, 5.0])
    for metric in (psnr, ssim):
        together = metric(pred, target, ranges)
        alone = torch.stack([metric(x, y, float(r)) for x, y, r in zip(pred, target, ranges, strict=True)])
        torch.testing.assert_close(together, alone)


def test_identity_is_perfect():
    _, target = make_pair(2, 10, 10)
    assert torch.isinf(psnr(target, target, 1.0)).all()
    assert (nrmse(target, target) == 0).all()
    assert (rmse(target, target) == 0).all()
    torch.testing.assert_close(ssim(target, target, 1.0), torch.ones(2, dtype=torch.float64))


def test_psnr_follows_from_rmse():
    pred, target = make_pair(2, 10, 10)
    torch.testing.assert_close(psnr(pred, target, 3.0), 20 * torch.log10(3.0 / rmse(pred, target)))


def test_nrmse_is_relative_to_the_second_argument():
    target = torch.full((4, 4), 2.0)
    assert nrmse(torch.ones(4, 4), target).item() == pytest.approx(0.5)
    assert nrmse(target, torch.ones(4, 4)).item() == pytest.approx(1.0)


def test_different_shapes_are_refused():
    with pytest.raises(
        ValueError, match=r"one shape \(\.\.\., X, Y\), got pred \(4, 4\) and target \(4, 5\)"
    ):
        psnr(torch.zeros(4, 4), torch.zeros(4, 5), 1.0)


@pytest.mark.parametrize("win_size", [6, 9])
def test_a_window_that_does_not_fit_is_refused(win_size):
    with pytest.raises(ValueError, match="odd win_size within the slice"):
        ssim(torch.zeros(8, 8), torch.zeros(8, 8), 1.0, win_size=win_size)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_equals_cpu():
    pred, target = make_pair(4, 32, 32)
    for metric in (psnr, ssim):
        torch.testing.assert_close(metric(pred.cuda(), target.cuda(), 1.0).cpu(), metric(pred, target, 1.0))
