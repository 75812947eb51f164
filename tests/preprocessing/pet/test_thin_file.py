"""Thinning as a user does it: names, reports, what is kept and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from file_digests import digests
from listmode_files import (
    ge_time_mark,
    siemens_words,
    write_ge,
    write_petsird,
    write_siemens,
)

from preprocessing.__main__ import main
from preprocessing.pet.dose_plan import dose_intervals, time_windows
from preprocessing.pet.event_words import is_event, is_time_mark
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.thin_request import ThinRequest
from preprocessing.pet.thinning import random_key
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.digest import sha256


def thin(source, out, *arguments):
    return main(["pet", "thin", str(source), "--keep", "0.05,0.2", "--out", str(out), *arguments])


def report(path):
    return json.loads(path.read_text())


@pytest.fixture
def siemens(tmp_path):
    return write_siemens(tmp_path / "scan.l")


def test_each_dose_and_realisation_has_events_header_and_report(siemens, tmp_path, capsys):
    assert thin(siemens, tmp_path / "out", "--seed", "3", "--realisations", "2") == 0
    stems = [f"scan_dose-{dose}{real}" for dose in ("05", "20") for real in ("", "_real-2")]
    names = sorted(f"{stem}{suffix}" for stem in stems for suffix in (".json", ".l", ".l.hdr"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 4
    assert "of 1599 prompts" in output.out
    assert "100%" in output.err


def test_the_report_tells_how_the_copy_came_about(siemens, tmp_path):
    thin(siemens, tmp_path / "out", "--seed", "3", "--realisations", "2")
    path = tmp_path / "out" / "scan_dose-05_real-2.l"
    told = report(path.with_suffix(".json"))
    survey = open_listmode(path).survey()
    assert told["keep"] == [0.2, 0.25]
    assert (told["dose"], told["realisation"], told["seed"], told["mode"]) == (0.05, 2, 3, "bernoulli")
    assert told["key"] == f"{random_key('thin', 3, 'scan'):032x}"
    assert (told["source_sha256"], told["sha256"]) == (sha256(siemens), sha256(path))
    assert told["events"]["kept"] == vars(survey.counts)
    assert told["events"]["source"] == vars(open_listmode(siemens).survey().counts)
    assert sum(told["count_rate"]["prompts"]) == survey.counts.prompts
    assert told["copied_unchanged"] == survey.tags
    assert told["identity"] == "removed"
    assert "Doe" not in path.with_suffix(".json").read_text()


def test_the_same_command_again_keeps_what_is_there(siemens, tmp_path, capsys):
    thin(siemens, tmp_path / "out")
    before = digests(tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert thin(siemens, tmp_path / "out") == 0
    assert capsys.readouterr().out.count("(was there already)") == 2
    assert digests(tmp_path / "out") == before
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == times


@pytest.mark.parametrize("change", ["--seed", "source", "copy", "report", "header", "events without report"])
def test_other_files_of_the_same_names_are_not_replaced(siemens, tmp_path, capsys, change):
    out = tmp_path / "out"
    thin(siemens, out)
    arguments = ["--seed", "1"] if change == "--seed" else []
    if change == "source":
        siemens_words(2000, 900, seed=1).astype("<u4").tofile(siemens)
    elif change == "copy":
        (out / "scan_dose-05.l").write_bytes(b"12345678")
    elif change == "report":
        (out / "scan_dose-05.json").write_text("{}")
    elif change == "header":
        (out / "scan_dose-05.json").unlink()
        (out / "scan_dose-05.l.hdr").write_text("something else")
    elif change == "events without report":
        (out / "scan_dose-05.json").unlink()
        (out / "scan_dose-05.l").write_bytes(b"12345678")
    before = digests(out)
    capsys.readouterr()
    assert thin(siemens, out, *arguments) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "is there already, and it is not what this command would write" in error
    assert digests(out) == before


@pytest.mark.parametrize("lost", ["*", "*.json", "*.l.hdr", "*.l", "*.l*"])
def test_what_is_lost_of_a_copy_is_made_again_with_the_same_bytes(siemens, tmp_path, lost):
    thin(siemens, tmp_path / "out")
    before = digests(tmp_path / "out")
    for path in (tmp_path / "out").glob(f"scan_dose-20{lost}"):
        path.unlink()
    assert thin(siemens, tmp_path / "out") == 0
    assert digests(tmp_path / "out") == before


@pytest.mark.parametrize("renamed", [1, 2, 3])
def test_a_command_that_was_killed_can_be_given_again(siemens, tmp_path, monkeypatch, renamed):
    thin(siemens, tmp_path / "whole")
    replace, done = Path.replace, []

    def replace_and_die(path, target):
        if path.parent.name.startswith(".thinning-"):
            done.append(target)
            if len(done) == renamed:
                raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_and_die)
        patch.setattr("preprocessing.pet.thin_file.shutil.rmtree", lambda *_: None)
        assert thin(siemens, tmp_path / "out") == 130
    assert list((tmp_path / "out").glob(".thinning-*"))
    assert thin(siemens, tmp_path / "out") == 0
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def test_a_source_is_not_replaced_by_its_own_copy(siemens, tmp_path, capsys):
    same = siemens.rename(tmp_path / "scan_dose-05.l")
    siemens.with_name("scan.l.hdr").rename(tmp_path / "scan_dose-05.l.hdr")
    before = digests(tmp_path)
    assert thin(same, tmp_path, "--subject", "scan") == 2
    assert "is there already" in capsys.readouterr().err
    assert digests(tmp_path) == before


def test_a_thinned_file_is_not_thinned_again(siemens, tmp_path, capsys):
    thin(siemens, tmp_path / "out")
    assert thin(tmp_path / "out" / "scan_dose-20.l", tmp_path / "again") == 2
    assert "its report says that it holds 0.2 of one" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


def test_the_name_of_the_subject_names_the_copies_and_decides_on_the_events(siemens, tmp_path):
    for name in ("sub-01", "sub-02"):
        assert thin(siemens, tmp_path / "out", "--subject", name) == 0
    first, second = (np.fromfile(tmp_path / "out" / f"sub-0{k}_dose-20.l", "<u4") for k in (1, 2))
    assert not np.array_equal(first, second)


def test_a_file_that_is_renamed_is_thinned_alike_under_the_same_subject(siemens, tmp_path):
    other = write_siemens(tmp_path / "other.l")
    for source, out in ((siemens, "one"), (other, "two")):
        thin(source, tmp_path / out, "--subject", "sub-01")
    names = [tmp_path / out / "sub-01_dose-05.l" for out in ("one", "two")]
    assert names[0].read_bytes() == names[1].read_bytes()


@pytest.mark.parametrize("place", [[], ["--middle"]])
def test_windows_hold_the_events_of_their_minutes(tmp_path, place):
    source = write_petsird(tmp_path / "scan.petsird", num_blocks=20)
    assert thin(source, tmp_path / "out", "--mode", "window", "--realisations", "2", *place) == 0
    windows = {}
    for path in sorted((tmp_path / "out").glob("*.petsird")):
        start, stop = report(path.with_suffix(".json"))["window_ms"]
        times = np.concatenate([chunk.time_ms for chunk in open_listmode(path).events()])
        assert set(times.tolist()) == {t for t in range(0, 200, 10) if start <= t < stop}
        windows[path.stem] = (start, stop)
    shift = 60 if place else 0
    assert windows == {
        "scan_window-05": (shift, shift + 10),
        "scan_window-05_real-2": (shift + 40, shift + 50),
        "scan_window-20": (shift, shift + 40),
        "scan_window-20_real-2": (shift + 40, shift + 80),
    }


def test_the_exam_of_petsird_is_kept_only_when_asked(tmp_path):
    source = write_petsird(tmp_path / "scan.petsird")
    thin(source, tmp_path / "out")
    thin(source, tmp_path / "named", "--keep-identity")
    found = [b"Doe" in (tmp_path / out / "scan_dose-05.petsird").read_bytes() for out in ("out", "named")]
    assert found == [False, True]
    assert report(tmp_path / "named" / "scan_dose-05.json")["identity"] == "kept"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--realisations", "9"], "realisations x largest dose <= 1"),
        (["--realisations", "0"], "at least 1 realisation"),
        (["--seed", "-1"], "--seed: expected 0 or more"),
        (["--subject", "../x"], "--subject: expected letters"),
        (["--middle"], "--middle belongs to --mode window"),
        (["--keep", "0"], "expected different dose fractions"),
        (["--keep", "nan"], "expected different dose fractions"),
        (["--keep", "0.1,0.10000000001"], "got two that are dose-10"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(siemens, tmp_path, capsys, arguments, message):
    assert thin(siemens, tmp_path / "out", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert (error.startswith("error: "), error.count("\n")) == (True, 1)
    assert not (tmp_path / "out").exists()


def test_a_broken_file_leaves_nothing_behind(tmp_path, capsys):
    source = write_petsird(tmp_path / "scan.petsird")
    source.write_bytes(source.read_bytes()[:-300])
    assert thin(source, tmp_path / "out") == 2
    assert "[truncated]" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_format_that_cannot_be_written_is_refused_with_its_reason(tmp_path, capsys):
    assert thin(write_ge(tmp_path / "scan.rdf", ge_time_mark(1)), tmp_path / "out") == 2
    assert "can be read, not thinned" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", [[], ["--middle"]])
def test_windows_of_a_scan_that_begins_late_begin_with_it(tmp_path, place):
    """A file that was cut out of a scan keeps the times of the scan."""
    words, late = siemens_words(2000, 900), tmp_path / "late"
    late.mkdir()
    moved = words.copy()
    moved[is_time_mark(words)] += np.uint32(600_000)
    for source, content in ((tmp_path / "scan.l", words), (late / "scan.l", moved)):
        write_siemens(source, content)
        assert thin(source, source.parent / "out", "--mode", "window", *place) == 0
    for name in ("scan_window-05.l", "scan_window-20.l"):
        first, second = (np.fromfile(folder / "out" / name, "<u4") for folder in (tmp_path, late))
        assert is_event(first).any()
        np.testing.assert_array_equal(first[is_event(first)], second[is_event(second)])


def test_windows_of_petsird_begin_with_the_first_time_block(tmp_path):
    source = write_petsird(tmp_path / "late.petsird", num_blocks=20, start_ms=600_000)
    assert thin(source, tmp_path / "out", "--mode", "window") == 0
    told = report(tmp_path / "out" / "late_window-20.json")
    assert told["window_ms"] == [600_000, 600_040]
    assert told["events"]["kept"]["prompts"] == told["events"]["source"]["prompts"] / 5


def test_windows_of_a_scan_are_nested_and_disjoint():
    windows = time_windows(dose_intervals((0.1, 0.25), 2), 1000, middle=True)
    assert windows == {
        (0.1, 1): (250, 350),
        (0.25, 1): (250, 500),
        (0.1, 2): (500, 600),
        (0.25, 2): (500, 750),
    }
    with pytest.raises(ConfigError, match="a millisecond at least"):
        time_windows(dose_intervals((0.01,), 1), 20)


def test_a_request_has_names_for_its_doses():
    with pytest.raises(ConfigError, match="got two that are dose-0p0001"):
        ThinRequest((1e-6, 1.0000001e-6))


def test_a_request_has_a_plain_subject():
    with pytest.raises(ConfigError, match="letters, digits"):
        ThinRequest((0.1,), subject="Doe Jane")
