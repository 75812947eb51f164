"""The fragment of a real Siemens mMR scan, of STIR's test pack: everything that is known of it."""

from pathlib import Path

import numpy as np
import pytest

from preprocessing.pet.listmode.event_part import RandomPart
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.listmode.scanner_geometry import SinogramGeometry

FOLDER = Path(__file__).parents[5] / "shared" / "data" / "pet"
EVENTS, HEADER = FOLDER / "small_listmode_file.l", FOLDER / "PET_ACQ_small.l.hdr.STIR"

pytestmark = pytest.mark.skipif(not EVENTS.is_file(), reason=f"no real list-mode fragment at {EVENTS}")


def ssrb_planes() -> tuple[np.ndarray, np.ndarray]:
    """Segment and SSRB plane of each plane: segments 0, -1, +1, ..., -60, +60 of 64 rings."""
    segments = [0, *(sign * d for d in range(1, 61) for sign in (-1, 1))]
    table = [
        (segment, 2 * axial + abs(segment)) for segment in segments for axial in range(64 - abs(segment))
    ]
    return tuple(np.array(table).T)


@pytest.fixture(scope="module")
def scan():
    return open_listmode(EVENTS)


@pytest.fixture(scope="module")
def decoded(scan):
    return next(scan.events())


def test_header_and_events_open_the_same_scan(scan):
    by_header = open_listmode(HEADER)
    assert by_header.path == scan.path == EVENTS
    assert by_header.facts() == scan.facts()


def test_the_scanner_is_an_mmr(scan):
    assert scan.geometry() == SinogramGeometry(
        name="Siemens Biograph mMR",
        num_radial=344,
        num_views=252,
        num_rings=64,
        max_ring_difference=60,
        radius=335.0,
        ring_spacing=4.0625,
        virtual_every=9,
        patient_position="HFS",
    )
    assert not scan.experimental
    assert scan.facts()["injected_bq"] == 4.65e7


def test_counts_of_the_whole_scan_only_warn(scan):
    assert (scan.start_ms, scan.duration_ms) == (0, 613)
    assert len(scan.warnings) == 2
    assert "331257106 words, the file holds 254816" in scan.warnings[0]
    assert "tells of 900 s, the time marks span 0.613 s" in scan.warnings[1]


def test_survey_finds_the_known_counts(scan):
    survey = scan.survey()
    assert (survey.counts.prompts, survey.counts.delayeds) == (218_881, 35_320)
    assert survey.tags == {"time marks": 613, "other tags": 2}
    assert survey.duration_ms == 613
    verdicts = {check.name: check.verdict for check in survey.checks}
    assert verdicts == {
        "time marks": "ok",
        "addresses": "ok",
        "words of the header": "warning",
        "gaps between blocks": "ok",
    }
    width, prompts, delayeds = survey.rate.curve(10_000)
    assert (width, prompts.sum(), delayeds.sum(), prompts.size) == (1, 218_881, 35_320, 613)


def test_events_have_the_known_bins_views_and_planes(decoded):
    segments, planes = ssrb_planes()
    segment, plane = segments[decoded.plane], planes[decoded.plane]
    assert decoded.radial[:3].tolist() == [130, 158, 134]
    assert decoded.view[:3].tolist() == [54, 67, 123]
    assert (segment[:3].tolist(), plane[:3].tolist()) == ([-14, 16, 27], [44, 98, 83])
    for kind, sums in (
        (decoded.prompt, [36_086_180, 27_472_270, 14_710_713]),
        (~decoded.prompt, [5_662_725, 4_437_159, 2_252_787]),
    ):
        columns = (decoded.radial, decoded.view, plane)
        assert [int(column[kind].sum(dtype=np.int64)) for column in columns] == sums
    signs = [np.count_nonzero(decoded.prompt & (np.sign(segment) == sign)) for sign in (-1, 0, 1)]
    assert signs == [108_317, 2_740, 107_824]
    assert np.count_nonzero(~decoded.prompt & (segment == 0)) == 572
    assert (segment.min(), segment.max(), plane.min(), plane.max()) == (-60, 60, 0, 126)
    prompts = np.bincount(plane[decoded.prompt], minlength=127)
    net = prompts - np.bincount(plane[~decoded.prompt], minlength=127)
    assert (prompts.argmax(), prompts[71], net[71]) == (71, 4_744, 4_262)
    expected = [-1, 26, 76, 160, 365, 1103, 2340, 3365, 4120, 4056, 3363, 2317, 919, 455, 145, 46]
    assert net[:121:8].tolist() == expected


def test_cells_without_prompts_are_as_many_as_known(decoded):
    cells = np.bincount(
        decoded.view[decoded.prompt].astype(np.int64) * 344 + decoded.radial[decoded.prompt],
        minlength=344 * 252,
    )
    assert np.count_nonzero(cells == 0) == 43_975


def test_no_event_is_at_a_crystal_that_does_not_exist(decoded):
    view, k = decoded.view.astype(np.int64), decoded.radial.astype(np.int64) - 172
    assert np.all((view + k // 2) % 504 % 9)
    assert np.all((view - (k + 1) // 2 + 252) % 504 % 9)


def test_times_are_those_of_the_marks_before(decoded):
    assert np.all(np.diff(decoded.time_ms.astype(np.int64)) >= 0)
    assert (decoded.time_ms[0], decoded.time_ms[-1]) == (0, 612)


@pytest.mark.parametrize(("p", "prompts", "delayeds"), [(0.1, 21_965, 3_523), (0.01, 2_152, 375)])
def test_thinning_keeps_known_counts_and_every_tag(scan, tmp_path, p, prompts, delayeds):
    path = tmp_path / "low.l"
    kept = scan.thin(path, (0, p), key=0)
    assert (kept.prompts, kept.delayeds) == (prompts, delayeds)
    source, copy = np.fromfile(EVENTS, "<u4"), np.fromfile(path, "<u4")
    np.testing.assert_array_equal(copy[copy >= 2**31], source[source >= 2**31])
    thinned = open_listmode(path)
    assert [text for text in thinned.warnings if "words" in text] == []
    assert thinned.geometry() == scan.geometry()


def test_keeping_everything_gives_the_same_events_and_header_but_for_its_names(scan, tmp_path):
    path = tmp_path / EVENTS.name
    scan.copy_part(path, RandomPart((0, 1), 0), keep_identity=True)
    assert path.read_bytes() == EVENTS.read_bytes()
    before, after = HEADER.read_text().splitlines(), scan.beside(path)[0].read_text().splitlines()
    changed = [line for line in after if line not in before]
    assert [line.partition(":=")[0] for line in changed] == [
        "name of data file ",
        "%total listmode word counts",
        "%comment",
    ]
