import subprocess
import sys

import pytest

from preprocessing.folder_lock import LOCK_FILE, locked, made_folder

HOLD = """
import sys
from pathlib import Path
from preprocessing.folder_lock import locked

with locked(Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.readline()
"""


def hold(folder):
    """A process that has, or waits for, the lock until it is told to go on."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_one_waits_for_the_other_and_says_so(tmp_path):
    with hold(tmp_path) as first:
        assert first.stdout.readline() == "mine\n"
        with hold(tmp_path) as second:
            assert "waiting for another command" in second.stderr.readline()
            assert (first.poll(), second.poll()) == (None, None)
            first.communicate("go on\n")
            assert second.stdout.readline() == "mine\n"
            assert (tmp_path / LOCK_FILE).exists()
            second.communicate("go on\n")
    assert (first.returncode, second.returncode) == (0, 0)
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_killed_process_holds_nobody(tmp_path):
    with hold(tmp_path) as process:
        process.stdout.readline()
        process.kill()
    assert (tmp_path / LOCK_FILE).exists()
    with locked(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_in_which_nothing_was_put_is_gone_afterwards(tmp_path):
    for make in (made_folder, locked):
        with make(tmp_path / "a" / "b"):
            assert (tmp_path / "a" / "b").is_dir()
        assert not (tmp_path / "a" / "b").exists()
    with locked(tmp_path / "a"):
        (tmp_path / "a" / "kept").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["kept"]


def test_a_folder_that_cannot_be_made_is_told_at_once(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match="file"), made_folder(folder):
            pass
