"""The operator of single lines."""

import numpy as np
import pytest
import torch

from preprocessing.pet.reconstruct.image_frame import RAS_TO_RAS, ImageFrame
from preprocessing.pet.reconstruct.line_projector import LineProjector
from preprocessing.pet.reconstruct.line_set import LineSet
from preprocessing.pet.scanner import ImageGrid

FRAME = ImageFrame(ImageGrid(32, 5.0), 12, 4.0, -22.0, RAS_TO_RAS)


def lines(number=200, seed=0, offset=None):
    """Lines between two sides of a cylinder of radius 150."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, number)
    other = angle + np.pi + rng.uniform(-0.4, 0.4, number)
    ends = [
        np.column_stack([150 * np.cos(a), 150 * np.sin(a), rng.uniform(-20, 20, number)]).astype(np.float32)
        for a in (angle, other)
    ]
    offsets = rng.uniform(-60, 60, number) if offset is None else np.full(number, offset)
    return LineSet(*ends, offsets.astype(np.float32), np.ones(number, np.float32))


def projector(tof_sigma=17.0, tof_bin=8.0):
    return LineProjector(FRAME, tof_sigma, tof_bin, torch.device("cpu"))


@pytest.mark.parametrize("with_tof", [True, False])
def test_transpose_is_the_adjoint(with_tof):
    generator = torch.Generator().manual_seed(0)
    volume = torch.rand(12, 32, 32, generator=generator)
    values = torch.rand(200, generator=generator)
    forward = projector().integrate(volume, lines(), with_tof=with_tof)
    back = projector().transpose(values, lines(), with_tof=with_tof)
    left, right = (forward.double() @ values.double(), (volume.double() * back.double()).sum())
    assert float(left) == pytest.approx(float(right), rel=1e-5)


def test_a_disk_has_its_chord():
    centre = (np.arange(32) - 15.5) * 5
    disk = np.hypot(*np.meshgrid(centre, centre)) < 50
    volume = torch.from_numpy(np.repeat(disk[None], 12, axis=0).astype(np.float32))
    found = lines(500)
    along = (found.second - found.first).astype(np.float64)
    across = found.first[:, 0] * along[:, 1] - found.first[:, 1] * along[:, 0]
    flat = np.hypot(along[:, 0], along[:, 1])
    s = across / flat
    clear = np.abs(s) < 35
    chord = 2 * np.sqrt(50**2 - s[clear] ** 2) * np.linalg.norm(along, axis=1)[clear] / flat[clear]
    integrals = projector().integrate(volume, found, with_tof=False).numpy()[clear]
    assert integrals.mean() == pytest.approx(chord.mean(), rel=0.01)
    np.testing.assert_allclose(integrals, chord, rtol=0.06)


def test_the_time_of_flight_bins_add_up_to_the_line():
    centre = (np.arange(32) - 15.5) * 5
    blob = np.exp(-((centre[:, None] - 20) ** 2 + (centre + 15) ** 2) / (2 * 20**2))
    volume = torch.from_numpy(np.repeat(blob[None], 12, axis=0).astype(np.float32))
    bins = (projector().integrate(volume, lines(offset=8.0 * k), with_tof=True) for k in range(-20, 21))
    whole = projector().integrate(volume, lines(), with_tof=False)
    assert float((sum(bins) - whole).abs().max() / whole.max()) < 0.01


def test_a_positive_offset_is_nearer_to_the_second_detector():
    one = np.array([[-150, 0, 0]], np.float32)
    line = LineSet(one, -one, np.array([45], np.float32), np.ones(1, np.float32))
    volume = projector().transpose(torch.ones(1), line, with_tof=True)
    profile = volume.sum((0, 1)).numpy()
    centre = (np.arange(32) - 15.5) * 5
    assert (profile * centre).sum() / profile.sum() == pytest.approx(45, abs=3)
