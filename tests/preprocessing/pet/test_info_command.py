"""What ``pet info`` shows."""

import json

import numpy as np
import pytest
from file_digests import digests
from listmode_files import ge_record, ge_time_mark, write_ge, write_petsird, write_siemens

from preprocessing.__main__ import main
from preprocessing.pet.listmode.count_rate import CountRate
from preprocessing.pet.rate_chart import draw_rate


def info(capsys, *arguments):
    assert main(["pet", "info", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_text_tells_scanner_counts_rate_and_checks(tmp_path, capsys):
    text = info(capsys, write_siemens(tmp_path / "scan.l"))
    for line in (
        "format: Siemens PETLINK 32 bit",
        "scanner: Siemens Biograph mMR",
        "prompts: 1599",
        "delayeds: 401",
        "time marks: 50",
        "other tags: 2",
        "duration: 0.05 s",
        "ok      time marks: 50 from 0 to 49 ms, longest step 1 ms, 0 steps back",
        "ok      words of the header: 2052 in the file, 2052 in the header",
    ):
        assert line in text.splitlines()
    assert "failed  gaps between blocks" in text  # the events are random
    assert "Doe" not in text


def test_json_tells_the_same(tmp_path, capsys):
    told = json.loads(info(capsys, write_petsird(tmp_path / "scan.petsird"), "--json"))
    assert (told["prompts"], told["delayeds"], told["duration_ms"]) == (2000, 500, 50)
    assert told["format"].startswith("PETSIRD 0.12")
    assert told["experimental"] is False
    assert sum(told["count_rate"]["prompts"]) == 2000
    assert {check["verdict"] for check in told["checks"]} == {"ok", "warning"}


def test_experimental_formats_say_so(tmp_path, capsys):
    path = write_ge(tmp_path / "scan.rdf", ge_time_mark(1) + ge_record(1, (1, 1), (2, 2), 0))
    text = info(capsys, path)
    assert "format: GE RDF9 (experimental)" in text
    assert "notice: reading GE RDF9 is experimental" in text
    assert json.loads(info(capsys, path, "--json"))["experimental"] is True


def test_a_picture_of_the_rate_is_written(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    info(capsys, write_petsird(tmp_path / "scan.petsird"), "--plot", tmp_path / "new" / "rate.png")
    assert (tmp_path / "new" / "rate.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rate.unknown", "expected a picture"),
        ("rate", "expected a picture"),
        ("there.png", "is there already"),
        ("link.png", "read or written by the same command"),
    ],
)
def test_a_picture_that_cannot_be_written_is_one_line(tmp_path, capsys, name, message):
    pytest.importorskip("matplotlib")
    source = write_petsird(tmp_path / "scan.petsird")
    (tmp_path / "there.png").write_bytes(b"precious")
    (tmp_path / "link.png").symlink_to(source)
    before = digests(tmp_path)
    assert main(["pet", "info", str(source), "--plot", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert digests(tmp_path) == before
    assert main(["pet", "info", str(source), "--plot", str(tmp_path / "there.png"), "--overwrite"]) == 0


def test_a_broken_file_is_one_line(tmp_path, capsys):
    path = write_petsird(tmp_path / "scan.petsird")
    path.write_bytes(path.read_bytes()[:-10])
    assert main(["pet", "info", str(path)]) == 2
    error = capsys.readouterr().err.split("\r")[-1]
    assert error.count("\n") == 1
    assert "[truncated]" in error


def test_a_chart_has_few_rows_whose_bars_follow_the_counts():
    rate = CountRate()
    rate.add(np.arange(1000), np.arange(1000), np.zeros(1000, int))
    rows = draw_rate(rate)
    assert len(rows) == 21
    lengths = [row.count("\N{FULL BLOCK}") for row in rows[1:]]
    assert lengths == sorted(lengths)
    assert lengths[-1] == 40


def test_an_empty_scan_has_an_empty_chart():
    assert len(draw_rate(CountRate())) == 1
