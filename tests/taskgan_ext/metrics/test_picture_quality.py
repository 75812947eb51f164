import pytest
import torch
from skimage.metrics import normalized_root_mse, peak_signal_noise_ratio, structural_similarity

from taskgan_ext.data.evaluation_case import Case
from taskgan_ext.errors import ConfigError
from taskgan_ext.metrics.measures.image_quality import ImageQuality
from taskgan_ext.metrics.measures.picture_quality import PictureQuality


def make_case(channels, *, depth=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    label = torch.rand(channels, 20, 16, depth, generator=generator)
    pred = (label + 0.1 * torch.randn(label.shape, generator=generator)).clamp(0, 1)
    return Case(subject="Ann", property=0.0, image=pred, label=label, pred=pred)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_colour_equal_scikit_image(channels):
    case = make_case(channels)
    found = PictureQuality()(case, case.pred)
    x, y = (image[..., 0].permute(1, 2, 0).double().numpy() for image in (case.pred, case.label))
    similarity = {"data_range": 1.0, "channel_axis": 2}
    assert found == pytest.approx(
        {
            "psnr": peak_signal_noise_ratio(y, x, data_range=1.0),
            "ssim": structural_similarity(y, x, **similarity),
            "nrmse": normalized_root_mse(y, x),
            "rmse": ((x - y) ** 2).mean() ** 0.5,
            "ssim_gaussian": structural_similarity(
                y, x, gaussian_weights=True, use_sample_covariance=False, **similarity
            ),
        }
    )


def test_a_grey_picture_has_the_quality_that_validation_measures():
    case = make_case(1)
    plain = ImageQuality(normalise="none", data_range=1.0)(case, case.pred)
    found = PictureQuality()(case, case.pred)
    assert {name: found[name] for name in ("psnr", "ssim", "nrmse", "rmse")} == pytest.approx(
        {name: plain[name] for name in ("psnr", "ssim", "nrmse", "rmse")}
    )


def test_a_flat_picture_is_that_of_one_slice():
    case = make_case(3)
    flat = Case("Ann", 0.0, image=case.image[..., 0], label=case.label[..., 0], pred=case.pred[..., 0])
    assert PictureQuality()(flat, flat.pred) == PictureQuality()(case, case.pred)


def test_every_column_is_defined():
    case = make_case(1)
    assert PictureQuality()(case, case.pred).keys() == PictureQuality().metrics.keys()


def test_a_volume_is_refused():
    case = make_case(1, depth=2)
    with pytest.raises(ConfigError, match=r"Ann: expected a picture, .* got a volume of \(1, 20, 16, 2\)"):
        PictureQuality()(case, case.pred)
