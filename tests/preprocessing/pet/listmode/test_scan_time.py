"""A scan counts from its first time to its last one, wherever its clock stood."""

import numpy as np
import pytest
from listmode_files import siemens_words, write_petsird, write_siemens

from preprocessing.pet.event_words import is_time_mark
from preprocessing.pet.listmode.event_part import RandomPart
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.listmode.scan_time import scan_time

LATE_MS = 600_000


def late_siemens(path, changes=()):
    words = siemens_words(2000, 900)
    words[is_time_mark(words)] += np.uint32(LATE_MS)
    return write_siemens(path, words, changes=changes)


@pytest.mark.parametrize("kind", ["siemens", "petsird"])
def test_a_scan_that_begins_late_is_no_longer(tmp_path, kind):
    if kind == "siemens":
        early, late = write_siemens(tmp_path / "early.l"), late_siemens(tmp_path / "late.l")
    else:
        early = write_petsird(tmp_path / "early.petsird")
        late = write_petsird(tmp_path / "late.petsird", start_ms=LATE_MS)
    first, second = (open_listmode(path) for path in (early, late))
    assert (scan_time(second).start_ms, scan_time(first).start_ms) == (LATE_MS, 0)
    assert scan_time(second).duration_ms == scan_time(first).duration_ms == 50
    assert second.survey().duration_ms == 50
    assert second.survey().start_ms == LATE_MS
    assert not scan_time(first).notices()
    assert "begin at 600 s" in scan_time(second).notices()[0]
    checks = [check.text for check in second.survey().checks if check.verdict != "ok"]
    assert "begin at 600 s" in " ".join([*second.warnings, *checks])


def test_events_before_the_first_mark_are_of_its_time(tmp_path):
    words = siemens_words(2000, 900)
    words[is_time_mark(words)] += np.uint32(LATE_MS)
    source = open_listmode(write_siemens(tmp_path / "scan.l", words[1:]))
    times = np.concatenate([chunk.time_ms for chunk in source.events()])
    assert times.min() == source.start_ms == LATE_MS + 1
    assert source.survey().duration_ms == source.duration_ms == 49
    copied = source.copy_part(tmp_path / "low.l", RandomPart((0, 1), 1))
    assert sum(copied.rate.curve(20)[1][:-1]) == 0  # nothing at 0 s


@pytest.mark.parametrize(("stated", "told"), [("1", False), ("900", True)])
def test_a_header_that_tells_another_duration_is_a_notice(tmp_path, stated, told):
    changes = [("image duration (sec):=1", f"image duration (sec):={stated}")]
    source = open_listmode(write_siemens(tmp_path / "scan.l", changes=changes))
    assert ["time marks span 0.05 s" in text for text in source.warnings] == ([True] if told else [])


def test_a_file_without_time_marks_has_no_duration(tmp_path):
    source = open_listmode(write_siemens(tmp_path / "scan.l", np.arange(10, dtype=np.uint32)))
    assert source.duration_ms is None
    assert scan_time(source).duration_ms == 0
