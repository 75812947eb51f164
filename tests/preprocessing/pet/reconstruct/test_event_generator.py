"""The event generator against formulas."""

import dataclasses

import numpy as np
import pytest

from preprocessing.pet.grid import Grid
from preprocessing.pet.reconstruct.event_generator import EventSource, generate_events

ONE = np.ones((1, 1, 1), np.float32)


def point(place, attenuation=0.0, randoms=0.0, decays=3e5):
    """A source of 1 mm3 with so many decays."""
    grid = Grid((1, 1, 1), (1.0, 1.0, 1.0), place)
    return EventSource(ONE * (decays * 1000), ONE * attenuation, grid, 1.0, randoms)


def test_a_point_in_the_middle_is_seen_with_the_solid_angle_of_the_cylinder(scanner):
    events = generate_events(point((0.0, 0.0, 0.0)), scanner, 0)
    half = scanner.half_length
    expected = 3e5 * half / np.hypot(half, scanner.radius)
    assert events.prompt.all()
    # The blur of 4.5 mm lets a few lines leave at the end.
    assert events.prompt.size == pytest.approx(expected, rel=0.12)


def test_water_attenuates_by_the_law_of_lambert_and_beer(scanner):
    grid = Grid((41, 41, 11), (4.0, 4.0, 8.0), (0.0, 0.0, 0.0))
    x, y, _ = grid.coordinates()
    disk = (np.hypot(x, y) < 60).astype(np.float32)
    activity = np.zeros(grid.shape, np.float32)
    activity[20, 20, 5] = 1e6
    bare, wet = (
        generate_events(EventSource(activity, disk * mu, grid, 1.5, 0.0), scanner, 1).prompt.size
        for mu in (0.0, 0.0096)
    )
    assert wet / bare == pytest.approx(np.exp(-0.0096 * 120), rel=0.04)


def test_swapped_detectors_have_a_mirrored_time_of_flight(scanner):
    """A source near +x: its events are nearer to the detector at +x, whichever stands first."""
    events = generate_events(point((60.0, 0.0, 0.0)), scanner, 2)
    centres = scanner.geometry().centres[events.detectors]
    offset = (events.tof - (scanner.num_tof_bins - 1) / 2) * scanner.tof_bin_size
    middle, along = centres.mean(1), centres[:, 1] - centres[:, 0]
    found = middle + offset[:, None] * along / np.linalg.norm(along, axis=1, keepdims=True)
    np.testing.assert_allclose(found.mean(0), [60, 0, 0], atol=1.5)
    second_is_right = along[:, 0] > 0
    assert 0.2 < second_is_right.mean() < 0.8
    assert offset[second_is_right & (np.abs(along[:, 1]) < 60)].mean() > 40
    assert offset[~second_is_right & (np.abs(along[:, 1]) < 60)].mean() < -40
    assert (events.detectors[:, 0] >= events.detectors[:, 1]).all()


def test_prompts_hold_as_many_randoms_as_there_are_delayeds(scanner):
    clean = generate_events(point((0.0, 0.0, 0.0)), scanner, 3)
    events = generate_events(point((0.0, 0.0, 0.0), randoms=0.5), scanner, 3)
    delayeds = np.count_nonzero(~events.prompt)
    added = np.count_nonzero(events.prompt) - clean.prompt.size
    assert delayeds == pytest.approx(0.5 * clean.prompt.size, rel=0.05)
    assert added == pytest.approx(delayeds, rel=0.05)
    assert (np.diff(events.time_ms.astype(int)) >= 0).all()


def test_the_seed_decides(scanner):
    first, again, other = (generate_events(point((9.0, 0.0, 0.0), decays=2e4), scanner, s) for s in (7, 7, 8))
    np.testing.assert_array_equal(first.detectors, again.detectors)
    np.testing.assert_array_equal(first.tof, again.tof)
    assert first.detectors.shape != other.detectors.shape or (first.detectors != other.detectors).any()


def test_a_scanner_without_time_of_flight_has_one_bin(scanner):
    plain = dataclasses.replace(scanner, num_tof_bins=1)
    assert not generate_events(point((60.0, 0.0, 0.0), decays=2e4), plain, 0).tof.any()
    assert plain.geometry().tof_fwhm == 0
