"""The example file: what is written is what is read."""

import dataclasses

import numpy as np
import pytest

from preprocessing.pet.listmode.event_chunk import DetectorEvents
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.reconstruct.event_histogram import events_slice
from preprocessing.pet.reconstruct.line_model import line_model
from preprocessing.pet.reconstruct.petsird_writer import write_petsird
from preprocessing.pet.scanner import ImageGrid

pytest.importorskip("petsird")


@pytest.fixture
def written(tmp_path, cylinder_events, scanner):
    """Some events, and the file that holds them."""
    events = events_slice(cylinder_events, slice(0, 3000))
    write_petsird(tmp_path / "scan.petsird", events, scanner)
    return events, open_listmode(tmp_path / "scan.petsird")


def test_the_reader_finds_the_scanner(written, scanner):
    _, file = written
    ours, read = scanner.geometry(), file.geometry()
    assert (read.num_rings, read.ring_spacing) == (ours.num_rings, pytest.approx(ours.ring_spacing, rel=0.01))
    assert read.tof_fwhm == ours.tof_fwhm
    np.testing.assert_allclose(read.tof_edges, ours.tof_edges, rtol=1e-6)
    key = [np.lexsort(np.round(g.centres, 2).T) for g in (ours, read)]
    np.testing.assert_allclose(read.centres[key[1]], ours.centres[key[0]], atol=1e-3)


def test_the_reader_finds_the_events_and_their_times(written, scanner):
    events, file = written
    chunks = list(file.events())
    read = DetectorEvents(
        *(np.concatenate([getattr(c, name) for c in chunks]) for name in DetectorEvents.__dataclass_fields__)
    )
    assert read.prompt.sum() == events.prompt.sum()
    assert read.prompt.size == events.prompt.size
    grid = ImageGrid(64, 4.0)
    cells = [
        np.sort(line_model(g, grid, 8).cells(e)[e.prompt])
        for g, e in ((scanner.geometry(), events), (file.geometry(), read))
    ]
    # Ties of a bin go by the number of a crystal, which PETSIRD gives otherwise: compare the planes.
    model = line_model(scanner.geometry(), grid, 8)
    planes = [c[c >= 0] // (model.sampling.shape[1] * model.transaxial.gain.size) for c in cells]
    np.testing.assert_array_equal(*(np.bincount(p, minlength=model.sampling.num_planes) for p in planes))
    assert file.survey().duration_ms >= int(events.time_ms.max())


def test_a_ring_of_broken_modules_is_no_scanner_to_write(tmp_path, cylinder_events, scanner):
    with pytest.raises(ValueError, match="multiple of 8"):
        write_petsird(tmp_path / "x", cylinder_events, dataclasses.replace(scanner, crystals_per_ring=100))
