import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.mr.soft_shapes import Ellipsoid, ellipsoid_distance, filled, sheet, soft_union


def coordinates(half_width, voxel):
    axis = np.arange(-half_width, half_width + voxel / 2, voxel, dtype=np.float32)
    return axis[:, None, None], axis[None, :, None], axis[None, None, :]


@given(st.floats(-1, 1), st.floats(0.05, 4), st.sampled_from([1.0, 2.0]))
def test_a_sheet_keeps_its_thickness_wherever_it_lies_and_however_thin(offset, half_width, voxel):
    centres = np.arange(-20, 20, voxel)
    total = sheet(centres - offset, half_width, voxel).sum() * voxel
    assert total == pytest.approx(2 * half_width, abs=1e-6)


@pytest.mark.parametrize("voxel", [1.0, 2.0])
def test_an_ellipsoid_fills_its_volume(voxel):
    axes = (8.0, 12.0, 6.0)
    volume = filled(ellipsoid_distance(coordinates(15, voxel), axes), voxel).sum() * voxel**3
    assert volume == pytest.approx(4 / 3 * np.pi * np.prod(axes), rel=0.02)


def test_distance_to_a_sphere_is_exact():
    position = coordinates(10, 1.0)
    radius = np.sqrt(sum(p * p for p in position))
    np.testing.assert_allclose(ellipsoid_distance(position, (5.0, 5.0, 5.0)), radius - 5, atol=1e-4)


@pytest.mark.parametrize(
    ("turn", "tilt", "direction"), [(90.0, 0.0, (-1, 0, 0)), (0.0, 90.0, (0, 0, 1)), (0.0, 0.0, (0, 1, 0))]
)
def test_turn_moves_the_front_to_the_middle_and_tilt_raises_it(turn, tilt, direction):
    shape = Ellipsoid((20.0, 0.0, 0.0), (1.0, 10.0, 1.0), turn, tilt)
    end = tuple(np.float32(c + 10 * d) for c, d in zip((20.0, 0.0, 0.0), direction, strict=True))
    assert float(shape.distance(end)) == pytest.approx(0, abs=1e-3)


def test_a_soft_union_holds_both_shapes_and_rounds_only_their_seam():
    distances = np.linspace(-3, 3, 61, dtype=np.float32)
    first, second = np.meshgrid(distances, distances)
    union = soft_union([first, second], 1.0)
    assert (union <= np.minimum(first, second)).all()
    far = np.abs(first - second) > 1
    np.testing.assert_array_equal(union[far], np.minimum(first, second)[far])
    assert np.max(np.minimum(first, second) - union) == pytest.approx(0.25)
