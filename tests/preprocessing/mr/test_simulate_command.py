import argparse
import subprocess

import pytest

from preprocessing.__main__ import main
from preprocessing.mr.simulate_command import add_simulate
from taskgan_ext.errors import ConfigError, DataError


def simulate(*arguments):
    parser = argparse.ArgumentParser()
    add_simulate(parser.add_subparsers(required=True))
    command = parser.parse_args(["simulate", *map(str, arguments)])
    command.run(command)


SMALL = ("--resolution", "4", "--slices", "6")


def test_simulate_ends_with_the_data_list_and_the_counts_per_section(tmp_path, capsys):
    simulate("--out", tmp_path, "--subjects", 3, *SMALL)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"data list: {tmp_path / 'datalist.json'}"
    assert [line.split()[0] for line in lines[1:]] == ["training", "validation", "test"]
    assert all("1 subjects: " in line for line in lines[1:])
    assert sum("1 with lesions, 0 without lesions" in line for line in lines) == 2


def test_dicom_ends_with_a_line_for_the_shell_that_imports_every_subject(tmp_path, capsys):
    table = tmp_path / "protocols.json"
    table.write_text('{"STIR": {"repetition_time": 5.6, "echo_time": 0.06, "inversion_time": 0.22}}')
    out = tmp_path / "my scans"
    simulate("--out", out, "--subjects", 2, *SMALL, "--format", "dicom", "--protocols", table)
    loop = capsys.readouterr().out.splitlines()[-1]
    # The shell's own idea of the words, one to a line, instead of the commands.
    told = 'python() { printf "%s\\n" "$@"; }; '
    words = subprocess.run(["bash", "-c", told + loop], capture_output=True, text=True, check=True).stdout
    half = len(words.splitlines()) // 2
    for number, name in enumerate(("sub-001", "sub-002")):
        command = words.splitlines()[number * half : (number + 1) * half]
        assert command[:4] == ["-m", "preprocessing", "mr", "import"]
        assert f"STIR={out / name / 'dicom' / 'STIR'}" in command
        assert command[command.index("--subject") + 1] == name
    assert main([*command[2:], "--no-register"]) == 0
    assert (tmp_path / "my scans-imported" / "sub-002" / "sub-002_STIR.nii.gz").is_file()


def test_protocols_of_a_file_decide_what_is_scanned(tmp_path, capsys):
    table = tmp_path / "protocols.json"
    table.write_text('{"T2w": {"repetition_time": 6.0, "echo_time": 0.09}}')
    simulate("--out", tmp_path / "out", "--subjects", 1, *SMALL, "--protocols", table)
    assert "data list" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / "out" / "sub-001").iterdir()}
    assert "sub-001_T2w.nii.gz" in names
    assert "sub-001_T1w.nii.gz" not in names


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--subjects", "0"], ConfigError, "at least 1 subject"),
        (["--slices", "99"], ConfigError, "num_slices: expected 1 to 30, got 99"),
        (
            ["--slices", "4", "--format", "dicom", "--vendor", "philips"],
            ConfigError,
            "more slices than delays",
        ),
        (["--patient-fraction", "2"], ConfigError, "patient_fraction"),
        (["--snr", "-1"], ConfigError, "snr: expected 0 or more"),
        (["--tissue-maps", "absent.nii.gz"], DataError, "absent.nii.gz"),
        (["--protocols", "absent.json"], DataError, "absent.json"),
    ],
)
def test_a_mistake_of_the_user_is_told(tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        simulate("--out", tmp_path / "out", *arguments)
    assert not list(tmp_path.glob("out/sub-*"))
