"""The relaxation fit gives back what the signal was made of."""

import numpy as np
import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.mr.fit import fit_maps, head_mask
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal

# PD, T1 and T2 in s at 3 T: white and grey matter, deep grey matter, lesion, fat, muscle, CSF.
TISSUES = np.array(
    [
        (0.70, 0.88, 0.076),
        (0.82, 1.36, 0.096),
        (0.79, 1.12, 0.074),
        (0.92, 1.60, 0.165),
        (0.90, 0.37, 0.058),
        (0.75, 1.35, 0.036),
        (1.00, 4.20, 1.700),
    ]
)
FIVE_ECHOES = MDMESequence(2.6, (0.02, 0.04, 0.06, 0.08, 0.1), (0.13, 0.39, 1.17, 2.47))


def tiles(size=28):
    """Tissue of each voxel: squares of every tissue beside one another."""
    corner = np.arange(size) // 4
    return np.add.outer(np.add.outer(corner, corner), np.zeros(2, int)) % len(TISSUES)


@pytest.mark.parametrize("sequence", [MDMESequence(), FIVE_ECHOES], ids=["3 T", "five echoes"])
@pytest.mark.parametrize("b1", [0.7, 0.85, 1.0, 1.15, 1.3])
def test_noiseless_tissues_are_recovered(sequence, b1):
    pd, t1, t2 = np.moveaxis(TISSUES[tiles()], -1, 0)
    maps = fit_maps(mdme_signal(t1, t2, pd, sequence, b1), sequence, (1.0, 1.0, 5.0))
    np.testing.assert_allclose(maps.b1, b1, atol=0.005)
    np.testing.assert_allclose(maps.t1, t1, rtol=0.02)
    np.testing.assert_allclose(maps.t2, t2, rtol=0.002)
    np.testing.assert_allclose(maps.pd, pd, rtol=0.02)


def test_noise_leaves_the_medians_of_tissues_right(head):
    maps = fit_maps(head.noisy(45).real, head.sequence, head.voxel_mm)
    for label, tolerance in ((0, 0.01), (1, 0.01), (2, 0.06), (3, 0.01), (4, 0.02)):
        tissue = head.labels == label
        for found, true in ((maps.t1, head.true(1)), (maps.t2, head.true(2)), (maps.pd, head.true(0))):
            assert np.median(found[tissue] / true[tissue]) == pytest.approx(1, abs=tolerance)
    assert np.abs(maps.b1 - head.b1)[(head.labels >= 0) & (head.labels < 5)].mean() < 0.005


def test_maps_are_zero_outside_the_mask(head):
    mask = np.zeros(head.labels.shape, bool)
    mask[30:80, 30:80] = True
    maps = fit_maps(head.signal, head.sequence, head.voxel_mm, mask)
    for volume in (maps.t1, maps.t2, maps.pd, maps.b1):
        assert volume.dtype == np.float32
        assert not volume[~mask].any()
        assert (volume[mask] > 0).all()


def test_default_mask_is_the_head(head):
    np.testing.assert_array_equal(head_mask(head.signal), head.labels >= 0)
    assert np.array_equal(fit_maps(head.signal, head.sequence, head.voxel_mm).t1 > 0, head.labels >= 0)


def test_unit_of_the_images_scales_proton_density_only(head):
    images = head.signal[40:60, 40:60]
    plain = fit_maps(images, head.sequence, head.voxel_mm)
    scaled = fit_maps(np.float32(4096) * images, head.sequence, head.voxel_mm)
    for which in ("t1", "t2", "b1"):
        np.testing.assert_allclose(getattr(scaled, which), getattr(plain, which), rtol=1e-5)
    np.testing.assert_allclose(scaled.pd, 4096 * plain.pd, rtol=1e-5)


def test_wrong_number_of_images_is_refused(head):
    with pytest.raises(DataError, match=r"4 delays, 2 echoes\).*got \(108, 108, 2, 3, 2\)"):
        fit_maps(head.signal[..., :3, :], head.sequence, head.voxel_mm)


def test_two_delays_are_refused(head):
    sequence = MDMESequence(delays=(0.146, 3.879))
    with pytest.raises(DataError, match="at least three delays"):
        fit_maps(head.signal[..., :2, :], sequence, head.voxel_mm)


@pytest.mark.parametrize("value", [0.0, np.nan], ids=["empty", "nan"])
def test_images_without_signal_are_refused(value):
    with pytest.raises(DataError, match="expected voxels with signal, found none"):
        fit_maps(np.full((4, 4, 2, 4, 2), value, np.float32), MDMESequence(), (1.0, 1.0, 5.0))
