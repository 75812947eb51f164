"""The transmit field."""

import numpy as np
import pytest

from taskgan_ext.mr.recovery_dictionary import B1_GRID
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_recovery
from taskgan_ext.mr.transmit_field import fit_transmit_field

SEQUENCE = MDMESequence()


def recovery(t1, b1):
    plateau, drop = mdme_recovery(t1, SEQUENCE, b1)
    decay = np.exp(-np.array(SEQUENCE.delays) / np.asarray(t1)[..., None])
    return (plateau[..., None] - drop[..., None] * decay).astype(np.float32)


@pytest.mark.parametrize("voxel_mm", [(1.0, 1.0, 5.0), (2.0, 2.0, 4.0), (1.0, 1.0, 1.0)])
def test_gradient_of_the_field_is_followed_in_mm(voxel_mm):
    shape = tuple(int(80 / size) for size in voxel_mm)
    position = (np.arange(shape[0]) * voxel_mm[0] / 80)[:, None, None]
    b1 = np.broadcast_to(0.85 + 0.3 * position, shape)
    found = fit_transmit_field(
        recovery(np.full(shape, 1.0), b1).reshape(-1, 4), np.ones(shape, bool), SEQUENCE, voxel_mm
    )
    np.testing.assert_allclose(found.reshape(shape), b1, atol=0.012)


def test_tissue_that_tells_nothing_takes_the_field_around_it():
    t1 = np.full((40, 40, 1), 1.0)
    t1[15:25, 15:25] = 4.2  # CSF
    found = fit_transmit_field(
        recovery(t1, 1.1).reshape(-1, 4), np.ones(t1.shape, bool), SEQUENCE, (1.0, 1.0, 5.0)
    )
    np.testing.assert_allclose(found, 1.1, atol=0.005)


def test_field_is_nominal_where_nothing_can_be_told():
    found = fit_transmit_field(
        np.zeros((8, 4), np.float32), np.ones((8, 1, 1), bool), SEQUENCE, (1.0, 1.0, 5.0)
    )
    np.testing.assert_array_equal(found, np.ones(8, np.float32))


def test_field_stays_within_its_table():
    shape = (20, 20, 1)
    found = fit_transmit_field(
        recovery(np.full(shape, 1.0), 0.45).reshape(-1, 4), np.ones(shape, bool), SEQUENCE, (1.0, 1.0, 5.0)
    )
    assert found.min() >= B1_GRID[0]
    assert found.max() <= B1_GRID[-1]
