"""The whole scan: both ways of counting, nesting, scale and replay."""

import json

import numpy as np
import pytest
import torch

from preprocessing.pet.dose_plan import dose_intervals, elementary_segments
from preprocessing.pet.increments import EventExcerpt, listmode_increments, poisson_increments
from preprocessing.pet.listmode.word_file import read_header
from preprocessing.pet.scan import ScanSettings, simulate_scan
from taskgan_ext.errors import ConfigError

SEGMENTS = [(0.0, 0.02), (0.02, 0.1)]


@pytest.fixture(scope="module")
def settings(small_scanner):
    return ScanSettings(
        counts_per_slice=2e5, slice_spacing_mm=9.36, frame_duration=0.5, scanner=small_scanner
    )


@pytest.fixture(scope="module")
def scan(settings, small_head):
    return simulate_scan(*small_head, settings, (0.01, 0.05), 2, 11, "sub-001")


@pytest.fixture(scope="module")
def repeated_counts(small_scanner, tmp_path_factory):
    """Counts of two segments in 300 repetitions of the direct way and of the way by events."""
    shape = (6, 11, 7, 32, 1)
    expected = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 4
    path = tmp_path_factory.mktemp("events") / "scan.l"
    excerpt = EventExcerpt(path, fraction=0.1, duration_ms=20, randoms_per_bin=0.5)
    direct, by_events = [], []
    for seed in range(300):
        counts = poisson_increments(expected, SEGMENTS, seed, "sub-001")
        direct.append(torch.stack([counts[segment] for segment in SEGMENTS]))
        counts, _ = listmode_increments(expected, SEGMENTS, excerpt, small_scanner, seed, "sub-001")
        by_events.append(torch.stack([counts[segment] for segment in SEGMENTS]))
    return expected, torch.stack(direct), torch.stack(by_events)


@pytest.mark.parametrize("way", [1, 2], ids=["direct", "by events"])
def test_increments_are_poisson_and_independent(repeated_counts, way):
    expected, counts = repeated_counts[0], repeated_counts[way].double()
    num_repetitions = counts.shape[0]
    for segment, (low, high) in enumerate(SEGMENTS):
        part = counts[:, segment]
        mean = (high - low) * expected.double()
        # Per bin the mean of all repetitions, scaled to unit variance; then over bins.
        z = (part.mean(0) - mean) / (mean / num_repetitions).sqrt()
        assert abs(float(z.mean())) < 5 / z.numel() ** 0.5
        assert float(z.var()) == pytest.approx(1, abs=0.1)
        # Bins of one repetition are independent, so their total is Poisson as well.
        total = part.flatten(1).sum(1)
        assert float(total.var() / total.mean()) == pytest.approx(1, abs=5 * (2 / num_repetitions) ** 0.5)
        dispersion = part.var(0).sum() / part.mean(0).sum()
        assert float(dispersion) == pytest.approx(1, abs=0.02)
    totals = counts.flatten(2).sum(2).T
    assert abs(float(torch.corrcoef(totals)[0, 1])) < 5 / num_repetitions**0.5


def test_both_ways_have_the_same_distribution(repeated_counts):
    _, direct, by_events = repeated_counts
    for segment in range(2):
        frequencies = [
            torch.bincount(way[:, segment].flatten().long(), minlength=8)[:8] for way in (direct, by_events)
        ]
        a, b = (f.double()[: int((frequencies[0] >= 20).sum())] for f in frequencies)
        chi_square = ((a - b) ** 2 / (a + b)).sum()
        assert float(chi_square) < len(a) + 5 * (2 * len(a)) ** 0.5


def test_volumes_are_in_bq_per_ml_on_the_reconstruction_grid(scan, small_head):
    truth = small_head[0].reshape(32, 2, 32, 2, 4).mean((1, 3))
    assert scan.full.shape == (32, 32, 4)
    assert scan.full.dtype == np.float32
    assert scan.full.sum() == pytest.approx(truth.sum(), rel=0.05)
    for low in scan.low.values():
        assert low.sum() == pytest.approx(truth.sum(), rel=0.1)
    inside = truth > 2500
    noise = {dose: np.std((scan.low[dose, 1] - scan.full)[inside]) for dose in (0.01, 0.05)}
    assert noise[0.01] > 1.5 * noise[0.05]


def test_axes_of_the_volume_are_those_of_the_activity(scan, small_head):
    truth = small_head[0].reshape(32, 2, 32, 2, 4).mean((1, 3))
    straight = np.corrcoef(scan.full.ravel(), truth.ravel())[0, 1]
    others = [truth.transpose(1, 0, 2), truth[::-1], truth[:, ::-1]]
    assert straight > max(np.corrcoef(scan.full.ravel(), other.ravel())[0, 1] for other in others) + 0.01


def test_same_arguments_give_the_same_bytes_and_other_seeds_other_noise(scan, settings, small_head):
    again = simulate_scan(*small_head, settings, (0.01, 0.05), 2, 11, "sub-001")
    np.testing.assert_array_equal(again.full, scan.full)
    np.testing.assert_array_equal(again.low[0.05, 2], scan.low[0.05, 2])
    assert again.info == scan.info
    other = simulate_scan(*small_head, settings, (0.01, 0.05), 2, 11, "sub-002")
    assert not np.array_equal(other.full, scan.full)
    assert not np.array_equal(scan.low[0.01, 1], scan.low[0.01, 2])


def test_scan_by_events_writes_its_file_and_counts_it(settings, small_head, tmp_path):
    path = tmp_path / "sub-001.l"
    result = simulate_scan(*small_head, settings, (0.01, 0.25), 1, 3, "sub-001", path)
    header = read_header(path)
    assert result.info["event_file"]["sha256"] == header.sha256
    expected = 0.1 * result.info["expected_full_prompts"]
    assert abs(header.num_prompts - expected) < 5 * expected**0.5
    randoms = 0.1 * result.info["expected_full_randoms"]
    assert abs(header.num_delayeds - randoms) < 5 * randoms**0.5
    for low in result.info["low"]:
        expected = low["dose"] * result.info["expected_full_prompts"]
        assert abs(low["prompts"] - expected) < 5 * expected**0.5
    assert result.full.sum() == pytest.approx(result.low[0.25, 1].sum(), rel=0.05)
    json.dumps(result.info, allow_nan=False)

    again = simulate_scan(*small_head, settings, (0.01, 0.25), 1, 3, "sub-001", tmp_path / "again.l")
    assert (tmp_path / "again.l").read_bytes() == path.read_bytes()
    np.testing.assert_array_equal(again.low[0.01, 1], result.low[0.01, 1])


def test_full_dose_as_a_dose_is_the_full_scan(settings, small_head):
    result = simulate_scan(*small_head, settings, (1.0,), 1, 0, "sub-001")
    np.testing.assert_allclose(result.low[1.0, 1], result.full, rtol=1e-5, atol=1e-3)


def test_doses_are_nested_and_realisations_disjoint():
    intervals = dose_intervals((0.01, 0.1), 10)
    for k in range(1, 11):
        assert intervals[0.01, k][0] == intervals[0.1, k][0]
        assert intervals[0.01, k][1] < intervals[0.1, k][1]
    edges = [intervals[0.1, k] for k in range(1, 11)]
    assert [low for low, _ in edges[1:]] == [high for _, high in edges[:-1]]
    segments = elementary_segments(intervals.values(), cut=0.1)
    assert segments[0][0] == 0
    assert segments[-1][1] == 1
    assert len(segments) == 20


@pytest.mark.parametrize(
    ("doses", "realisations"), [((), 1), ((0.0,), 1), ((0.5, 0.5), 1), ((0.4,), 3), ((0.1,), 0)]
)
def test_doses_that_do_not_fit_in_a_scan_are_refused(doses, realisations):
    with pytest.raises(ConfigError, match="expected"):
        dose_intervals(doses, realisations)


def test_volumes_of_another_grid_are_refused(settings, small_head):
    with pytest.raises(ValueError, match=r"expected a volume \(64, 64, Z\), got \(60, 64, 4\)"):
        simulate_scan(small_head[0][:60], small_head[1][:60], settings, (0.1,), 1, 0, "sub-001")
