import numpy as np
import pytest
from shell_head import draw_brain, draw_maps, grid_points, make_affine, move, rigid_matrix, simulate_contrast

from preprocessing.mr.registration import compare, register
from preprocessing.mr.registration_record import angles_of
from preprocessing.mr.volume import Volume, transform_points
from taskgan_ext.errors import DataError
from taskgan_ext.mr.protocol import load_protocols
from taskgan_ext.mr.signal import synthesise

PROTOCOLS = load_protocols()
FIXED_SHAPE, FIXED_AFFINE = (62, 72, 18), make_affine((3.0, 3.0, 6.0), (62, 72, 18))
SCAN_SHAPE, SCAN_AFFINE = (76, 88, 30), make_affine((2.5, 2.5, 4.5), (76, 88, 30), degrees=5)


def corners(brain):
    where = np.argwhere(brain)
    ends = np.stack([where.min(axis=0), where.max(axis=0)])
    picks = np.array([[ends[(n >> axis) & 1, axis] for axis in range(3)] for n in range(8)], dtype=float)
    return transform_points(picks, FIXED_AFFINE)


@pytest.fixture(scope="module")
def head():
    points = grid_points(FIXED_AFFINE, FIXED_SHAPE)
    return draw_maps(points), draw_brain(points)


@pytest.fixture(scope="module")
def make_pair(head):
    def make(name, true):
        """The MDME side, and a scan in which a point of the head is at ``true`` times its old place."""
        maps, _ = head
        rng = np.random.default_rng(3)
        places = move(grid_points(SCAN_AFFINE, SCAN_SHAPE), np.linalg.inv(true))
        scan = simulate_contrast(places, PROTOCOLS[name], rng)
        fixed = synthesise(maps.t1, maps.t2, maps.pd, PROTOCOLS[name])
        fixed += rng.normal(0, 0.01, fixed.shape).astype(np.float32)
        return Volume(fixed, FIXED_AFFINE), Volume(scan, SCAN_AFFINE)

    return make


@pytest.mark.parametrize("name", ["T1w", "PDw"])
def test_a_known_movement_is_found(make_pair, head, name):
    true = rigid_matrix((1.0, 1.0, 1.5), (1.5, -1.5, 1.3))  # 2 degrees and 2.5 mm
    fixed, scan = make_pair(name, true)
    matrix, record = register(fixed, scan, head[1])
    box = corners(head[1])
    target = transform_points(box, true)
    assert np.linalg.norm(box - target, axis=1).mean() > 2.5
    assert np.linalg.norm(transform_points(box, matrix) - target, axis=1).mean() < 1
    assert record.accepted
    assert record.information_after > record.information_before
    assert record.coverage == pytest.approx(1)


@pytest.mark.parametrize("name", ["T2FLAIR", "STIR"])
def test_an_aligned_pair_is_not_made_worse(make_pair, head, name):
    fixed, scan = make_pair(name, np.eye(4))
    matrix, record = register(fixed, scan, head[1])
    np.testing.assert_array_equal(matrix, np.eye(4))
    assert not record.accepted
    assert "less than" in record.reason


def test_the_same_seed_gives_the_same_movement(make_pair, head):
    fixed, scan = make_pair("T1w", rigid_matrix((0, 0, 1), (1, 0, 0)))
    first, second = (register(fixed, scan, head[1], seed=5)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_movement_beyond_the_limits_is_not_accepted(make_pair, head, monkeypatch):
    monkeypatch.setattr("preprocessing.mr.registration.MAX_SHIFT_MM", 1.0)
    fixed, scan = make_pair("T1w", rigid_matrix((0, 0, 0), (3, 0, 0)))
    matrix, record = register(fixed, scan, head[1])
    np.testing.assert_array_equal(matrix, np.eye(4))
    assert "beyond the limits" in record.reason
    assert record.shift[0] == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize("function", [register, compare])
def test_a_scan_that_does_not_cover_the_brain_is_refused(make_pair, head, function):
    fixed, scan = make_pair("T1w", np.eye(4))
    half = Volume(scan.data[..., :18], scan.affine)
    with pytest.raises(DataError, match="field of view covers at least 90% of the brain"):
        function(fixed, half, head[1])


def test_without_registration_the_scan_stays(make_pair, head):
    fixed, scan = make_pair("T1w", rigid_matrix((0, 0, 0), (3, 0, 0)))
    matrix, record = compare(fixed, scan, head[1])
    np.testing.assert_array_equal(matrix, np.eye(4))
    assert record.information_before == record.information_after > 0


def test_a_scan_on_which_the_optimiser_fails_is_left_in_place_with_the_reason(make_pair, head):
    fixed, scan = make_pair("T1w", np.eye(4))
    matrix, record = register(fixed, Volume(np.full_like(scan.data, 5), scan.affine), head[1])
    np.testing.assert_array_equal(matrix, np.eye(4))
    assert not record.accepted
    assert record.reason.startswith("the optimiser failed: ")
    assert record.information_before == pytest.approx(0, abs=1e-9)


def test_a_scan_that_shows_nothing_of_the_brain_is_left_in_place(make_pair, head):
    fixed, scan = make_pair("T1w", np.eye(4))
    rim = np.where(np.arange(SCAN_SHAPE[0])[:, None, None] < 1, scan.data, np.float32(5))
    matrix, record = register(fixed, Volume(rim, scan.affine), head[1])
    np.testing.assert_array_equal(matrix, np.eye(4))
    assert "tell next to nothing of each other" in record.reason


def test_angles_are_those_of_the_rotation():
    assert angles_of(rigid_matrix((3, -4, 5), (1, 2, 3))) == pytest.approx((3, -4, 5))
