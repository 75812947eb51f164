from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from preprocessing.mr.anatomy import draw_head
from preprocessing.mr.conventional_scan import rotation_matrix, scan_contrast
from preprocessing.mr.effects import Effects
from preprocessing.mr.head_grid import HeadGrid
from preprocessing.mr.mdme_scan import NOISE_REFERENCE
from preprocessing.mr.tissues import CSF, TISSUES, WM
from taskgan_ext.mr.protocol import load_protocols
from taskgan_ext.mr.signal import synthesise

NONE = Effects.none()
PROTOCOLS = load_protocols()


@pytest.fixture(scope="module")
def head():
    return draw_head(HeadGrid(4.0, 6), True, np.random.default_rng(0))


def scan(anatomy, name, effects, seed=0):
    texture = np.zeros((2, *anatomy.inflow.shape), dtype=np.float32)
    rng = np.random.default_rng(seed)
    return scan_contrast(anatomy, TISSUES, texture, (name, PROTOCOLS[name]), effects, rng)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_without_effects_pure_voxels_have_the_signal_of_the_equations(head, name):
    pure = head.pure()
    image = scan(pure, name, NONE).data
    for index, tissue in enumerate(TISSUES.values()):
        inside = image[pure.fractions[index] == 1]
        expected = synthesise(tissue.t1, tissue.t2, tissue.pd, PROTOCOLS[name])
        np.testing.assert_allclose(inside, np.broadcast_to(expected, inside.shape), atol=1e-6)


def test_noise_is_rician_at_its_level(head):
    for name, share in (("T2w", 0.45), ("T1w", 0.6)):
        image = scan(head, name, replace(NONE, snr=30.0)).data
        air = image[head.fractions.sum(axis=0) == 0]
        assert (image >= 0).all()
        # The magnitude of complex noise follows a Rayleigh distribution.
        assert air.mean() == pytest.approx(np.sqrt(np.pi / 2) * share * NOISE_REFERENCE / 30, rel=0.03)


def test_every_contrast_is_shaded_in_its_own_way(head):
    plain = scan(head, "T2w", NONE).data
    inside = plain > 0.05
    shades = [
        scan(head, "T2w", replace(NONE, receive_bias=True), seed).data[inside] / plain[inside]
        for seed in (1, 2)
    ]
    assert all(shade.std() > 0.01 for shade in shades)
    assert np.corrcoef(*shades)[0, 1] < 0.99


def test_fluid_that_flows_is_bright_on_flair_and_dark_on_t2w(head):
    flow = replace(NONE, flow=True)
    fluid = head.fractions[CSF] > 0.95
    assert scan(head, "T2FLAIR", flow).data[fluid].mean() > scan(head, "T2FLAIR", NONE).data[fluid].mean()
    assert scan(head, "T2w", flow).data[fluid].mean() < scan(head, "T2w", NONE).data[fluid].mean()


def test_a_moved_scan_records_its_pose_and_moves_by_it(head):
    moved = scan(head, "PDw", replace(NONE, shift_sd=4.0), seed=3)
    still = scan(head, "PDw", NONE)
    assert still.rotation_deg == still.shift_mm == (0.0, 0.0, 0.0)
    assert moved.rotation_deg == (0.0, 0.0, 0.0)

    def centroid(image):
        middle = image[:, :, 2:4].astype(np.float64)
        return np.array([np.average(np.arange(64), weights=middle.sum(axis=(dim, 2))) for dim in (1, 0)])

    # The slices differ a little in shape, so that the shift along z moves the centroid as well.
    expected = np.array(moved.shift_mm[:2]) / 4
    np.testing.assert_allclose(centroid(moved.data) - centroid(still.data), expected, atol=0.25)


def test_rotation_matches_a_referee():
    angles = (3.0, -2.0, 5.0)
    np.testing.assert_allclose(
        rotation_matrix(angles), Rotation.from_euler("xyz", angles, degrees=True).as_matrix(), atol=1e-12
    )


def test_a_rotated_scan_keeps_its_mean_signal(head):
    turned, still = scan(head, "PDw", replace(NONE, rotation_sd=2.0), seed=1), scan(head, "PDw", NONE)
    assert turned.data.mean() == pytest.approx(still.data.mean(), rel=0.02)
    assert np.abs(turned.data - still.data)[head.fractions[WM] > 0.5].max() > 0.01
