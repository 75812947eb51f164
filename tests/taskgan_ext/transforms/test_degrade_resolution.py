"""The degradation equals SciPy's blur and Pillow's interpolation, and keeps its strength on real faces."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.data import MetaTensor
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.metrics import normalized_root_mse, peak_signal_noise_ratio, structural_similarity

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.picture import load_picture, save_picture
from taskgan_ext.transforms.degrade_resolution import (
    PRESETS,
    Degradation,
    DegradeResolutiond,
    degrade,
    enlarge,
    shrink,
)

FACES = Path(__file__).parents[4] / "shared" / "data" / "faces" / "london_lfwa" / "lfw2"


def random_picture(size, channels=1, seed=0):
    """Smooth and sharp parts, within [0, 1], reaching both ends."""
    rng = np.random.default_rng(seed)
    picture = np.stack([gaussian_filter(rng.random(size), 2) for _ in range(channels)])
    picture = (picture - picture.min()) / np.ptp(picture)
    picture[:, size[0] // 3 :, size[1] // 2 :] = picture[:, size[0] // 3 :, size[1] // 2 :].round()
    return torch.from_numpy(picture.astype(np.float32))


def resized(plane, rows, columns):
    return np.asarray(Image.fromarray(plane.astype(np.float32)).resize((columns, rows), Image.BICUBIC))


def referee(picture, degradation):
    """The same in SciPy and Pillow, plane by plane."""
    rows, columns = picture.shape[1:]
    factor = degradation.factor
    pads = [(-length % factor // 2, -length % factor - -length % factor // 2) for length in (rows, columns)]
    planes = []
    for plane in picture.numpy().astype(np.float64):
        large = np.pad(plane, pads, mode="reflect")
        scale = 1 if degradation.sigma_size is None else min(rows, columns) / degradation.sigma_size
        large = gaussian_filter(large, degradation.sigma * scale, mode="nearest", truncate=4.0)
        size = large.shape[0] // factor, large.shape[1] // factor
        if degradation.down == "bicubic":
            small = resized(large, *size)
        else:
            middle = np.ix_(*[[(factor - 1) // 2, factor // 2]] * 2)
            blocks = large.reshape(size[0], factor, size[1], factor).transpose(1, 3, 0, 2)
            small = blocks[middle].mean(axis=(0, 1))
        small = small.clip(0, 1)
        if degradation.quantise:
            small = np.round(small * 255) / 255
        planes.append(resized(small, *large.shape).clip(0, 1))
    (top, _), (left, _) = pads
    return np.stack(planes)[:, top : top + rows, left : left + columns]


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", [(64, 64), (250, 250), (61, 99)])
def test_it_equals_scipy_and_pillow(name, size):
    picture = random_picture(size, channels=3)
    plain = Degradation(**{**vars(PRESETS[name]), "quantise": False})
    # The largest difference over these cases is 3.6e-7.
    np.testing.assert_allclose(degrade(picture, plain).numpy(), referee(picture, plain), atol=1e-6)
    # With 8 bits, a value between two of them may be rounded to the other one.
    difference = np.abs(degrade(picture, PRESETS[name]).numpy() - referee(picture, PRESETS[name]))
    assert np.mean(difference > 2e-6) < 0.01
    assert difference.max() < 1.2 / 255


@given(
    st.tuples(st.integers(12, 40), st.integers(12, 40)),
    st.integers(1, 9),
    st.floats(0, 4),
    st.sampled_from(["centre", "bicubic"]),
)
@settings(deadline=None, max_examples=40)
def test_any_size_and_factor_keeps_shape_range_and_flat_pictures(size, factor, sigma, down):
    degradation = Degradation(sigma, None, factor, down, quantise=False)
    found = degrade(random_picture(size), degradation)
    assert found.shape == (1, *size)
    assert 0 <= found.min() <= found.max() <= 1
    flat = torch.full((2, *size, 3), 0.3)
    torch.testing.assert_close(degrade(flat, degradation), flat, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("axis", [1, 2])
def test_a_flip_before_is_a_flip_after(name, axis):
    picture = random_picture((64, 48))
    flipped = degrade(picture.flip(axis), PRESETS[name]).flip(axis)
    difference = (flipped - degrade(picture, PRESETS[name])).abs()
    assert difference.max() < 1.2 / 255
    assert (difference > 2e-6).float().mean() < 0.01


def test_slices_and_channels_are_pictures_of_their_own():
    # Without rounding, which tells apart what differs by the order of a sum.
    plain = Degradation(quantise=False)
    volume = torch.stack([random_picture((24, 32), 3, seed) for seed in range(2)], dim=-1)
    found = degrade(volume, plain)
    for channel in range(3):
        for position in range(2):
            alone = degrade(volume[channel, None, :, :, position], plain)
            torch.testing.assert_close(found[channel, None, :, :, position], alone)


def test_sigma_follows_the_size_unless_told_otherwise():
    assert Degradation().sigma_at((64, 64)) == pytest.approx(1.28)
    assert Degradation().sigma_at((250, 300)) == pytest.approx(5)
    assert Degradation(sigma_size=None).sigma_at((64, 64)) == 5


def test_a_small_picture_that_was_stored_is_enlarged_to_the_same(tmp_path):
    picture = random_picture((64, 64))
    save_picture(shrink(picture, PRESETS["paper"]).numpy(), tmp_path / "small.png")
    stored = torch.from_numpy(load_picture(tmp_path / "small.png"))
    assert stored.shape == (1, 8, 8)
    torch.testing.assert_close(enlarge(stored, 8), degrade(picture, PRESETS["paper"]))


def test_the_reference_stays_and_the_meta_data_go_along():
    reference = MetaTensor(random_picture((64, 64))[..., None], meta={"filename_or_obj": "a.png"})
    kept = reference.clone()
    item = DegradeResolutiond()({"image": "a.png", "label": reference})
    assert item["label"] is reference
    assert torch.equal(reference, kept)
    assert item["image"].shape == (1, 64, 64, 1)
    assert item["image"].meta["filename_or_obj"] == "a.png"
    assert not torch.equal(item["image"], reference)


def test_keys_and_parameters_are_data():
    item = DegradeResolutiond({"sigma": 2, "sigma_size": None, "factor": 4}, "a", "b")(
        {"a": random_picture((32, 32))}
    )
    torch.testing.assert_close(item["b"], degrade(item["a"], Degradation(2, None, 4)))
    assert Degradation.of("bi") is PRESETS["bi"]
    assert Degradation.of(PRESETS["aa"]) is PRESETS["aa"]


@pytest.mark.parametrize(
    "wrong",
    [
        "blur",
        {"sigmas": 5},
        {"sigma": -1},
        {"sigma": "5"},
        {"factor": 0.5},
        {"down": "area"},
        {"sigma_size": 0},
        5,
    ],
)
def test_settings_that_are_none_are_refused(wrong):
    with pytest.raises(ConfigError, match="expected a degradation"):
        DegradeResolutiond(wrong)


def test_a_picture_smaller_than_a_pixel_of_the_result_is_refused():
    with pytest.raises(DataError, match=r"anna_0001: expected a picture of at least 8 x 8 .* got 7 x 20"):
        DegradeResolutiond()({"label": torch.zeros(1, 7, 20), "case": "anna_0001"})


@pytest.mark.skipif(
    not FACES.is_dir(), reason="the photographs of the Face Research Lab London Set are not here"
)
def test_real_faces_are_degraded_as_much_as_ever():
    # LFW-a comes out at the paper's 22.5 dB and NRMSE 0.168; this set has a plain, bright background.
    measures = []
    for path in sorted(FACES.glob("*/*.jpg")):
        picture = load_picture(path)
        found = degrade(torch.from_numpy(picture), PRESETS["paper"]).numpy()[0]
        measures.append(
            (
                peak_signal_noise_ratio(picture[0], found, data_range=1),
                structural_similarity(picture[0], found, data_range=1),
                normalized_root_mse(picture[0], found),
            )
        )
    psnr, ssim, nrmse = np.mean(measures, axis=0)
    assert psnr == pytest.approx(24.42, abs=0.05)
    assert ssim == pytest.approx(0.793, abs=0.003)
    assert nrmse == pytest.approx(0.082, abs=0.001)
