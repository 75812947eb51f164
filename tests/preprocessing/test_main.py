import resource
import subprocess
import sys

import pytest

from preprocessing.__main__ import COMMANDS, main
from preprocessing.needed_module import import_needed


@pytest.mark.parametrize("command", [["mr", "simulate"], ["pet", "simulate"]], ids=" ".join)
def test_a_folder_that_cannot_be_made_is_one_line_with_its_path(tmp_path, capsys, command):
    (tmp_path / "file").touch()
    assert main([*command, "--subjects", "1", "--out", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'file'}: File exists\n"


def test_a_disk_that_is_full_is_one_line_with_the_file(tmp_path):
    """A limit on the size of files is as near to a full disk as a test comes."""
    small = ["--subjects", "1", "--slices", "6", "--resolution", "4", "--out", str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, "-m", "preprocessing", "mr", "simulate", *small],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == f"error: {tmp_path}/sub-001/sub-001_mdme.nii.gz: File too large"
    assert "Traceback" not in ended.stderr


def test_the_mr_commands_start_without_torch():
    ended = subprocess.run(
        [sys.executable, "-c", "import sys, preprocessing.mr.cli; sys.exit('torch' in sys.modules)"],
        check=False,
    )
    assert ended.returncode == 0


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert all(f"\n  {name} " in printed for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"usage: python -m preprocessing {command}" in capsys.readouterr().out


def test_a_package_that_is_missing_is_one_line_with_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(COMMANDS, "mr", COMMANDS["mr"]._replace(module="a_package_of_nobody.cli"))
    assert main(["mr", "import"]) == 2
    assert capsys.readouterr().err == (
        "error: preprocessing mr needs the package 'a_package_of_nobody', which is not installed; "
        'run: pip install "taskgan-ext[mr]"\n'
    )


def test_a_module_of_ours_that_is_missing_is_a_mistake_of_ours():
    with pytest.raises(ModuleNotFoundError):
        import_needed("preprocessing.nothing", "this", "mr")
