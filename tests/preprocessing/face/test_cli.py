import json

import pytest
from photographs import write_people

from preprocessing.__main__ import main


def run(*words):
    return main(["face", *map(str, words)])


def test_simulate_then_pairs(tmp_path, capsys):
    cohort = tmp_path / "cohort"
    size = ["--size", 32, "--images-per-identity", 3]
    assert run("simulate", "--identities", 6, "--seed", 1, "--out", cohort, *size) == 0
    assert "people" in capsys.readouterr().out
    assert run("pairs", cohort, "--section", "training", "--pairs", 2, "--seed", 3) == 0
    assert capsys.readouterr().out == f"2 + 2 pairs: {cohort / 'pairs_training.txt'}\n"
    assert (cohort / "pairs_training.txt").read_text().startswith("2\n")
    assert json.loads((cohort / "cohort.json").read_text())["source"] == "simulated"


def test_import_tells_what_it_wrote(tmp_path, capsys):
    write_people(tmp_path / "people", {f"P{index}": 2 for index in range(6)})
    (tmp_path / "people" / "nobody").mkdir()
    words = ["--images", tmp_path / "people", "--out", tmp_path / "out", "--crop", "0,0,40,40", "--colour"]
    assert run("import", *words) == 0
    out = capsys.readouterr().out
    assert f"notice: {tmp_path}/people/nobody: left out" in out
    assert f"data list: {tmp_path}/out/datalist.json" in out
    assert json.loads((tmp_path / "out" / "cohort.json").read_text())["crop"] == "0,0,40,40"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "--images", "none", "--out", "out"], "none: expected a folder"),
        (["import", "--images", "none", "--out", "out", "--crop", "1"], "expected TOP,LEFT,HEIGHT,WIDTH"),
        (["simulate", "--identities", "0", "--out", "out"], "expected at least 1 subject"),
        (["simulate", "--seed", "-1", "--out", "out"], "seed: expected 0 or more, got -1"),
        (["import", "--images", ".", "--out", "out", "--seed", "-1"], "seed: expected 0 or more, got -1"),
        (["pairs", "none"], "expected a data list of faces, found none"),
    ],
)
def test_mistakes_are_one_line(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_pairs_of_another_modality_are_refused(tmp_path, capsys):
    sections = {"training": [], "validation": [], "test": []}
    (tmp_path / "datalist.json").write_text(json.dumps({"modality": "PET", **sections}))
    assert run("pairs", tmp_path) == 2
    assert "a data list of faces, got one of PET" in capsys.readouterr().err
