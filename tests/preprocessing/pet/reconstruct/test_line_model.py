"""Cells that events fall into."""

import dataclasses

import numpy as np
import pytest

from preprocessing.pet.listmode.event_chunk import DetectorEvents
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.listmode.scanner_geometry import DetectorGeometry
from preprocessing.pet.reconstruct.event_histogram import count_events, events_slice
from preprocessing.pet.reconstruct.line_model import OUTSIDE_TOF, OUTSIDE_VIEW, line_model
from preprocessing.pet.scanner import ImageGrid
from taskgan_ext.errors import ConfigError, RefusedListMode

GRID = ImageGrid(64, 4.0)


def random_events(scanner, number=5000, seed=3):
    rng = np.random.default_rng(seed)
    detectors = rng.integers(0, scanner.crystals_per_ring * scanner.num_rings, (number, 2), dtype=np.int32)
    tof = rng.integers(0, scanner.num_tof_bins, number).astype(np.int16)
    return DetectorEvents(detectors, tof, rng.random(number) < 0.8, np.arange(number, dtype=np.uint32))


def test_swapping_the_detectors_and_mirroring_the_time_of_flight_changes_nothing(scanner):
    model, events = line_model(scanner.geometry(), GRID, 8), random_events(scanner)
    tof = (scanner.num_tof_bins - 1 - events.tof).astype(np.int16)
    swapped = dataclasses.replace(events, detectors=events.detectors[:, ::-1], tof=tof)
    np.testing.assert_array_equal(model.cells(swapped), model.cells(events))
    assert (model.cells(dataclasses.replace(events, tof=tof)) != model.cells(events)).mean() > 0.5


def test_an_event_is_put_where_its_time_of_flight_says(scanner):
    """A point at known coordinates: project it by hand."""
    geometry = scanner.geometry()
    model, events = line_model(geometry, GRID, 8), random_events(scanner)
    cells = model.cells(events)
    used = cells >= 0
    first, second = (geometry.centres[events.detectors[used, end]].astype(float) for end in (0, 1))
    offset = ((geometry.tof_edges[:-1] + geometry.tof_edges[1:]) / 2)[events.tof[used]]
    unit = (second - first) / np.linalg.norm(second - first, axis=1, keepdims=True)
    point = (first + second) / 2 + offset[:, None] * unit
    planes, tofs, angles, bins = model.sampling.shape
    plane, tof, angle, radial = np.unravel_index(cells[used], (planes, tofs, angles, bins))
    theta = (angle + 0.5) * np.pi / angles
    system = model.sampling.scanner
    t = -point[:, 0] * np.sin(theta) + point[:, 1] * np.cos(theta)
    s = point[:, 0] * np.cos(theta) + point[:, 1] * np.sin(theta)
    # The line is turned by up to half an angular bin about the axis: at 130 mm that is 3.2 mm.
    assert np.abs(s - (radial - (bins - 1) / 2) * system.bin_size).max() < 2 + 4
    assert np.abs(t - (tof - (tofs - 1) / 2) * system.tof_bin_size).max() < system.tof_bin_size / 2 + 4
    z = model.sampling.first_plane + plane * model.sampling.plane_spacing
    assert np.abs(z - point[:, 2]).max() <= model.sampling.plane_spacing / 2 + 1e-3


def test_every_event_is_counted_once(scanner):
    model, events = line_model(scanner.geometry(), GRID, 8), random_events(scanner)
    chunks = [events_slice(events, slice(start, start + 700)) for start in range(0, 5000, 700)]
    histogram = count_events(chunks, model, progress=False)
    for kind, tally, counts in (
        (True, histogram.prompt_tally, histogram.prompts),
        (False, histogram.delayed_tally, histogram.delayeds),
    ):
        assert tally.total == np.count_nonzero(events.prompt == kind)
        assert tally.total == tally.used + tally.outside_view + tally.outside_tof
        assert counts.sum() == tally.used > 0
    cells = model.cells(events)
    assert np.count_nonzero(cells == OUTSIDE_VIEW) == sum(
        t.outside_view for t in (histogram.prompt_tally, histogram.delayed_tally)
    )
    assert np.count_nonzero(cells == OUTSIDE_TOF) > 0
    assert (histogram.first_ms, histogram.last_ms) == (0, 4999)


def test_the_real_fragment_has_its_published_counts(fragment):
    file = open_listmode(fragment)
    model = line_model(file.geometry(), ImageGrid(256, 2.8), 12)
    histogram = count_events(file.events(), model, progress=False)
    # 2.8 mm x 256 reaches 358 mm, so that every bin of the scanner is inside.
    assert (histogram.prompt_tally.used, histogram.delayed_tally.used) == (218_881, 35_320)
    prompts = histogram.prompts.sum((1, 2, 3))
    net = prompts - histogram.delayeds.sum((1, 2))
    expected = [-1, 26, 76, 160, 365, 1103, 2340, 3365, 4120, 4056, 3363, 2317, 919, 455, 145, 46]
    assert net[::8].tolist() == expected
    assert (prompts.argmax(), prompts.max(), net[71]) == (71, 4744, 4262)
    assert (prompts * np.arange(127)).sum() == 14_710_713
    s = (np.arange(256) - 127.5) * 2.8
    radial = histogram.prompts.sum((0, 1, 2)) - histogram.delayeds.sum((0, 1))
    # 178,431 of the net counts lie within 120 mm; the bins of 2.8 mm end at 120.4 mm.
    assert radial[np.abs(s) < 120].sum() == pytest.approx(178_431, rel=0.005)


def test_detectors_that_do_not_surround_the_image_are_refused():
    centres = np.array([[300, 0, 0], [300, 10, 0], [300, 0, 5]], np.float32)
    geometry = DetectorGeometry(
        "half", centres, np.array([-9, 9], np.float32), 0.0, 5.0, 2, np.ones(3, np.float32)
    )
    with pytest.raises(RefusedListMode, match="lines between detectors through the image"):
        line_model(geometry, ImageGrid(32, 4.0), 1)


def test_more_subsets_than_views_are_refused(scanner):
    with pytest.raises(ConfigError, match="at most 64 subsets"):
        line_model(scanner.geometry(), GRID, 65)
