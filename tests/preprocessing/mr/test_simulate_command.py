import argparse
import shlex

import pytest

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


def test_dicom_ends_with_the_command_that_reads_it(tmp_path, capsys):
    simulate("--out", tmp_path / "scans", "--subjects", 1, *SMALL, "--format", "dicom")
    command = shlex.split(capsys.readouterr().out.splitlines()[-1])
    assert command[:5] == ["python", "-m", "preprocessing", "mr", "import"]
    folder = tmp_path / "scans" / "sub-001" / "dicom"
    assert command[command.index("--mdme") + 1] == str(folder / "mdme")
    assert f"STIR={folder / 'STIR'}" in command
    assert (folder / "STIR").is_dir()


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
