"""One process holds a lock at a time, and no longer than it lives."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskgan_ext.io.process_lock import ProcessLock

# Without the package, whose import would take most of the test.
OTHER = """
import fcntl, sys
with open(sys.argv[1], "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    file.write("process 7 on elsewhere")
    file.flush()
    print("held", flush=True)
    sys.stdin.read()
"""
TRY = """
import fcntl, sys
with open(sys.argv[1], "r+") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")


@pytest.fixture
def lock(tmp_path):
    """A lock in a folder that is not there yet, given back afterwards."""
    lock = ProcessLock(tmp_path / "models" / "state.pt.lock")
    yield lock
    lock.release()


@pytest.fixture
def other(lock):
    """A process that holds the lock."""
    lock.path.parent.mkdir()
    command = [sys.executable, "-c", OTHER, str(lock.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


def is_free_for_others(lock: ProcessLock) -> bool:
    command = [sys.executable, "-c", TRY, str(lock.path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_lock_keeps_other_processes_away_until_it_is_given_back(lock):
    assert lock.acquire() == ""
    assert not is_free_for_others(lock)
    assert str(os.getpid()) in lock.path.read_text()
    lock.release()
    assert not lock.path.exists()


def test_locks_of_one_path_within_a_process_are_one(lock):
    assert lock.acquire() == ""
    assert ProcessLock(lock.path).acquire() == ""
    assert not is_free_for_others(lock)


def test_who_holds_it_is_told(lock, other):
    assert lock.acquire() == "process 7 on elsewhere"
    lock.release()
    assert lock.path.exists()


def test_a_killed_process_holds_nothing(lock, other):
    other.kill()
    other.wait()
    assert lock.path.exists()
    assert lock.acquire() == ""


def test_a_lock_on_a_file_that_was_just_removed_is_taken_anew(lock, monkeypatch):
    opened = []
    really_open = os.open

    def open_and_remove(path, *details):
        handle = really_open(path, *details)
        opened.append(handle)
        if len(opened) == 1:
            Path(path).unlink()
        return handle

    monkeypatch.setattr(os, "open", open_and_remove)
    assert lock.acquire() == ""
    assert len(opened) == 2
    assert lock.path.exists()


def test_a_file_system_without_locks_stops_nobody(lock, monkeypatch, caplog):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.lockf", refuse)
    assert lock.acquire() == ""
    assert "no locks" in caplog.text
