import sys

import pytest

from preprocessing import needed_module
from preprocessing.__main__ import main


def simulate(tmp_path, *arguments):
    return main(["pet", "simulate", "--out", str(tmp_path / "out"), *arguments])


@pytest.mark.slow
def test_simulate_ends_with_the_data_list_and_the_counts_per_section(tmp_path, capsys):
    status = simulate(tmp_path, "--subjects", "3", "--slices", "2", "--positive-fraction", "0.4")
    output = capsys.readouterr()
    assert status == 0
    assert (tmp_path / "out" / "datalist.json").is_file()
    lines = output.out.splitlines()
    assert lines[0] == f"data list: {tmp_path / 'out' / 'datalist.json'}"
    assert [line.split()[0] for line in lines[1:]] == ["training", "validation", "test"]
    assert all("1 subjects:" in line for line in lines[1:])
    assert "3/3" in output.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--doses", "0.01,2"], "doses: expected increasing fractions between 0 and 1"),
        (["--doses", "0.5", "--realisations", "3"], "realisations: expected"),
        (["--positive-fraction", "-1"], "positive_fraction: expected"),
        (["--subjects", "0"], "at least 1 subject"),
        (["--workers", "0"], "at least 1 subject and 1 worker"),
        (["--slices", "0"], "num_slices: expected"),
    ],
)
def test_a_mistake_of_the_user_is_one_line_and_status_2(tmp_path, capsys, arguments, message):
    assert simulate(tmp_path, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pet", "simulate"], "required: --out"),
        (
            ["pet", "simulate", "--out", "x", "--doses", "low"],
            "expected fractions such as 0.01,0.05, got 'low'",
        ),
        (["pet", "simulate", "--out", "x", "--preset", "medium"], "invalid choice: 'medium'"),
        (["pet"], "COMMAND"),
        (["ct"], "invalid choice: 'ct'"),
    ],
)
def test_arguments_that_cannot_be_parsed_exit_with_status_2(capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_help_tells_units_and_defaults(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["pet", "simulate", "--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "axial slices of 2.78 mm" in text
    assert "fractions of the full dose" in text
    assert "(default: 0.01)" in text


def test_a_missing_package_says_what_to_install(capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "preprocessing.pet.cli", raising=False)

    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name="scipy.ndimage")

    monkeypatch.setattr(needed_module.importlib, "import_module", absent)
    assert main(["pet", "simulate", "--out", "x"]) == 2
    assert "needs the package 'scipy'" in capsys.readouterr().err


def test_an_interruption_ends_quietly(tmp_path, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("preprocessing.pet.simulate_command.simulate_cohort", interrupt)
    assert simulate(tmp_path) == 130
    assert "complete subjects are kept" in capsys.readouterr().err
