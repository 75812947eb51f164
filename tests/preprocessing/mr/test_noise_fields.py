import numpy as np
import pytest

from preprocessing.mr.noise_fields import band_noise, smooth_noise

SHAPE, SPACING = (48, 40, 12), (2.0, 2.0, 4.0)


def test_smooth_noise_has_mean_zero_and_unit_deviation_in_every_voxel():
    rng = np.random.default_rng(0)
    draws = np.stack([smooth_noise(SHAPE, SPACING, 30.0, rng) for _ in range(400)])
    assert draws.dtype == np.float32
    assert np.abs(draws.mean(axis=0)).max() < 0.3
    np.testing.assert_allclose(draws.std(axis=0), 1, atol=0.2)


def correlation_at(field, distance_mm):
    step = round(distance_mm / SPACING[0])
    return float(np.mean(field[step:] * field[:-step]) / np.mean(field * field))


def test_smooth_noise_varies_on_the_scale_of_its_wavelength():
    rng = np.random.default_rng(1)
    fast, slow = (
        np.mean([correlation_at(smooth_noise(SHAPE, SPACING, wavelength, rng), 10.0) for _ in range(30)])
        for wavelength in (10.0, 80.0)
    )
    assert fast < 0.2
    assert slow > 0.9


def test_band_noise_has_its_power_at_its_wavelength():
    shape, voxel = (64, 64, 64), 1.5
    field = band_noise(shape, (voxel,) * 3, 20.0, np.random.default_rng(2))
    power = np.abs(np.fft.fftn(field)) ** 2
    axes = np.meshgrid(*(np.fft.fftfreq(size, voxel) for size in shape), indexing="ij")
    frequency = np.sqrt(sum(axis**2 for axis in axes))
    inside = (frequency > 0.6 / 20) & (frequency < 1.4 / 20)
    assert power[inside].sum() > 0.95 * power.sum()
    assert field.std() == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("draw", [smooth_noise, band_noise])
def test_the_same_seed_gives_the_same_field(draw):
    first, again, other = (draw(SHAPE, SPACING, 20.0, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
