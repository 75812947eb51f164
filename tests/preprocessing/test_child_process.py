import os
import subprocess
import sys
import time
from contextlib import closing

import pytest
import tiny_cases

from preprocessing.child_process import ChildProcess, LostChildError
from taskgan_ext.errors import DataError


@pytest.fixture
def child():
    with closing(ChildProcess()) as process:
        yield process


def test_a_function_runs_elsewhere_on_one_thread_and_the_process_is_used_again(child):
    first, second = (child.call(tiny_cases.process_number) for _ in range(2))
    assert first == second != os.getpid()
    assert child.call(tiny_cases.number_of_threads) == ("1", "1")
    assert child.call(tiny_cases.succeed, 3) == 3


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (tiny_cases.fail, ZeroDivisionError, "no patient"),
        (tiny_cases.refuse, DataError, "expected a scan"),
        (tiny_cases.fail_oddly, RuntimeError, "OddError: one and two"),
        (tiny_cases.leave, RuntimeError, "SystemExit: 4"),
        (tiny_cases.give_what_cannot_be_sent, AttributeError, "local object"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_error_comes_back_as_what_it_was_and_the_process_stays(child, function, error, message):
    before = child.call(tiny_cases.process_number)
    with pytest.raises(error, match=message) as caught:
        child.call(function)
    assert child.call(tiny_cases.process_number) == before
    notes = getattr(caught.value, "__notes__", [])
    assert ["Traceback" in note for note in notes] == ([] if error is DataError else [True])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (tiny_cases.end_itself, "ended by itself with status 3"),
        (tiny_cases.kill_itself, "ended by SIGKILL; memory may be short"),
        (tiny_cases.crash, "ended by SIG(SEGV|BUS)$"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_lost_process_is_told_and_replaced(child, function, message):
    with pytest.raises(LostChildError, match=message) as caught:
        child.call(function)
    assert caught.value.code == "died"
    assert child.call(tiny_cases.succeed) == "fine"


def test_work_past_its_time_is_ended_with_all_that_it_has_started(child):
    before = child.call(tiny_cases.process_number)
    with pytest.raises(LostChildError, match=r"longer than the limit of 0\.5 s") as caught:
        child.call(tiny_cases.hang, time_limit=0.5)
    assert caught.value.code == "time_limit"
    with pytest.raises(ProcessLookupError):
        wait_until_gone(before)
    assert child.call(tiny_cases.succeed) == "fine"


def test_a_process_that_was_lost_between_two_calls_is_replaced(child):
    before = child.call(tiny_cases.process_number)
    os.kill(before, 9)
    wait_until_ended(before)
    assert child.call(tiny_cases.process_number) != before


def test_processes_end_with_a_killed_parent(tmp_path):
    script = """
import sys, threading, time
from pathlib import Path
import tiny_cases
from preprocessing.child_process import ChildProcess
child = ChildProcess()
print(child.call(tiny_cases.process_number), flush=True)
child.call(tiny_cases.wait_for, Path(sys.argv[1]))
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "go")], stdout=subprocess.PIPE, env=environment
    )
    with parent:
        number = int(parent.stdout.readline())
        while not (tmp_path / "go.started").exists():
            time.sleep(0.01)
        parent.kill()
    with pytest.raises(ProcessLookupError):
        wait_until_gone(number)


def wait_until_gone(group):
    """Until no process of the group is left, which is an error; orphans end as soon as they are told to."""
    for _ in range(1000):
        os.killpg(group, 0)
        time.sleep(0.01)


def wait_until_ended(number):
    os.waitid(os.P_PID, number, os.WEXITED | os.WNOWAIT)
