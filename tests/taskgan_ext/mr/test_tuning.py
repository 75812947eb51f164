"""Search of the times on a grid: what it finds, and when the grid was too small."""

import numpy as np
import pytest

from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.signal import synthesise
from taskgan_ext.mr.tuning import (
    NARROW,
    SearchGrid,
    SynthesisEntry,
    Voxels,
    fit_scale,
    times_on_border,
    tune_contrast,
)

NOMINAL = {"spin echo": Protocol(5.0, 0.1), "inversion recovery": Protocol(9.0, 0.12, 2.47)}
every_sequence = pytest.mark.parametrize("nominal", NOMINAL.values(), ids=NOMINAL.keys())


def scanned(protocol, factor=1.7):
    """Voxels of a scan that follows the equations with these times."""
    rng = np.random.default_rng(3)
    t1, t2, pd = (rng.uniform(*ends, 400).astype(np.float32) for ends in ((0.3, 4), (0.03, 1), (0.5, 1)))
    return Voxels(t1, t2, pd, factor * synthesise(t1, t2, pd, protocol))


def moved(nominal, tr, te, ti):
    inversion = nominal.inversion_time
    return Protocol(
        nominal.repetition_time * tr, nominal.echo_time * te, None if inversion is None else inversion * ti
    )


@every_sequence
@pytest.mark.parametrize("factors", [(1.0, 1.0, 1.0), (0.87, 1.25, 1.1), (1.15, 0.7, 0.9)])
def test_times_of_the_scan_are_found_where_the_grid_has_them(nominal, factors):
    entry = tune_contrast(scanned(moved(nominal, *factors)), nominal)
    assert entry.nominal == nominal
    assert entry.tuned == moved(nominal, *factors)
    assert entry.scale == pytest.approx(1.7, rel=1e-5)
    assert times_on_border(entry) == []


@every_sequence
def test_a_scan_beyond_the_grid_leaves_its_time_on_the_border(nominal):
    voxels = scanned(moved(nominal, 1.0, 0.2, 1.0))
    entry = tune_contrast(voxels, nominal)
    assert entry.tuned.echo_time == pytest.approx(NARROW.te[0] * nominal.echo_time)
    assert "echo_time" in times_on_border(entry)
    wider = SearchGrid(te=[0.1, 0.2, *NARROW.te])
    assert times_on_border(tune_contrast(voxels, nominal, wider), wider) == []


@every_sequence
def test_a_wider_grid_is_never_worse(nominal):
    voxels = scanned(moved(nominal, 1.3, 0.3, 0.7))
    wider = SearchGrid(tr=[0.5, *NARROW.tr], te=[0.25, *NARROW.te], ti=[0.75, *NARROW.ti])
    narrow, wide = (
        fit_scale(voxels, tune_contrast(voxels, nominal, grid).tuned)[1] for grid in (NARROW, wider)
    )
    assert wide < narrow


def test_both_ends_of_every_time_are_the_border():
    nominal = NOMINAL["inversion recovery"]
    for place, name in enumerate(("repetition_time", "echo_time", "inversion_time")):
        for end in (0, -1):
            factors = [1.0, 1.0, 1.0]
            factors[place] = (NARROW.tr, NARROW.te, NARROW.ti)[place][end]
            entry = SynthesisEntry(nominal, 1.0, moved(nominal, *factors), 1.0)
            assert times_on_border(entry) == [name]


def test_times_that_no_scanner_could_run_are_left_out():
    nominal = NOMINAL["inversion recovery"]
    grid = SearchGrid(tr=[0.2, 1.0, 1.1], te=[0.9, 1.0, 100.0], ti=[0.9, 1.0, 5.0])
    entry = tune_contrast(scanned(nominal), nominal, grid)
    assert entry.tuned == nominal
