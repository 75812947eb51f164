"""Cases on a Dask cluster of this machine: real processes on the loopback interface."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
import tiny_cases
from file_digests import digests
from tiny_cases import find_tiny, write_tiny_table

from preprocessing.cluster import map_on_cluster, parse_address
from preprocessing.run.cohort_file import read_cohort_file
from preprocessing.run.run_cohort import run_cohort
from preprocessing.schedule import Trials
from taskgan_ext.errors import ConfigError, DataError

pytest.importorskip("distributed")


@contextmanager
def dask_processes(folder, nanny=True):
    """A scheduler and two workers as a site starts them; they need not know this package.

    Yields:
        The address and the processes, the scheduler first.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    commands = [["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]]
    options = ["--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard"]
    options += [] if nanny else ["--no-nanny"]
    commands += [["worker", address, *options, "--local-directory", str(folder)]] * 2
    # The cases of these tests are not in the package, so that the workers have to be told where they are.
    environment = os.environ | {"PYTHONPATH": os.path.dirname(tiny_cases.__file__)}  # noqa: PTH120
    with ExitStack() as stack:
        processes = []
        for command in commands:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command], stderr=subprocess.DEVNULL, cwd="/", env=environment
            )
            stack.callback(process.wait)
            # A nanny ends its worker, as long as it is asked to.
            stack.callback(process.terminate if nanny else process.kill)
            processes.append(process)
        yield address, processes


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with dask_processes(tmp_path_factory.mktemp("dask")) as (place, _):
        yield place


def test_a_cluster_writes_the_same_bytes_as_one_process(address, tmp_path):
    path = write_tiny_table(tmp_path, ["copy", "once", "refuse", "copy", "kill", "copy"])
    here = run_cohort(read_cohort_file(path, find_tiny))
    (tmp_path / "out").rename(tmp_path / "here")
    (tmp_path / "text-2.marker").unlink()
    there = run_cohort(read_cohort_file(path, find_tiny), address.replace("tcp", "dask"), 2)
    assert [(r.state, r.attempts, r.reason) for r in here.reports] == [
        (r.state, r.attempts, r.reason) for r in there.reports
    ]
    assert [report.state for report in here.reports] == ["done", "done", "failed", "done", "failed", "done"]
    written = [
        {name: digest for name, digest in digests(folder).items() if name.startswith(("sub-", "datalist"))}
        for folder in (tmp_path / "here", tmp_path / "out")
    ]
    assert written[0] == written[1]


def test_cases_that_fail_or_die_leave_the_others_alone(address, tmp_path):
    functions = [tiny_cases.succeed, tiny_cases.fail, tiny_cases.kill_itself]
    cases = [(function,) for function in functions]
    outcomes = {
        outcome.index: outcome
        for outcome in map_on_cluster(call, cases, address, None, tmp_path, Trials(retries=1))
    }
    assert outcomes[0].value == "fine"
    assert isinstance(outcomes[1].error, ZeroDivisionError)
    assert outcomes[2].error.code == "died"
    assert [outcomes[index].attempts for index in range(3)] == [1, 2, 2]
    (hung,) = map_on_cluster(tiny_cases.hang, [()], address, None, tmp_path, Trials(time_limit=0.2))
    assert hung.error.code == "time_limit"


def test_a_case_ends_when_nobody_wants_it(address, tmp_path):
    wanted, go = tmp_path / "wanted", tmp_path / "go"
    wanted.touch()

    def take_away():
        while not go.with_suffix(".started").exists():
            time.sleep(0.01)
        wanted.unlink()

    thread = threading.Thread(target=take_away)
    thread.start()
    (outcome,) = map_on_cluster(tiny_cases.wait_for, [(go,)], address, 1, wanted, Trials(retries=3))
    thread.join()
    assert outcome.error.code == "died"
    assert outcome.attempts == 1


def test_workers_that_do_not_see_the_folder_are_told(address, tmp_path):
    with pytest.raises(DataError, match=r"does not see .* a disk that all workers share"):
        list(map_on_cluster(call, [(tiny_cases.succeed,)], address, 1, tmp_path / "not there"))


def test_workers_with_other_versions_are_refused(address, tmp_path, monkeypatch):
    monkeypatch.setattr("preprocessing.cluster._PACKAGES", ("taskgan-ext", "a-package-of-ours"))
    monkeypatch.setattr("preprocessing.cluster.package_versions", lambda names: dict.fromkeys(names, "0.0"))
    with pytest.raises(DataError, match=r"other versions .*a-package-of-ours not installed there, 0\.0 here"):
        list(map_on_cluster(call, [(tiny_cases.succeed,)], address, 1, tmp_path))


def test_a_lost_worker_costs_no_case_and_a_lost_scheduler_is_one_line(tmp_path):
    go = tmp_path / "go"
    with dask_processes(tmp_path, nanny=False) as (address, (scheduler, *workers)):
        outcomes = map_on_cluster(
            call, [(lose_worker, tmp_path / "lost"), (tiny_cases.succeed,)], address, 2, tmp_path
        )
        assert sorted(str(outcome.value) for outcome in outcomes) == ["again", "fine"]
        assert sum(worker.poll() is not None for worker in workers) == 1

        def lose_scheduler():
            while not go.with_suffix(".started").exists():
                time.sleep(0.01)
            scheduler.kill()

        thread = threading.Thread(target=lose_scheduler)
        thread.start()
        with pytest.raises(DataError, match="the cluster is gone; start it and give the same command"):
            list(map_on_cluster(tiny_cases.wait_for, [(go,)], address, 1, tmp_path))
        thread.join()


@pytest.mark.parametrize(
    "text", ["dask://", "dask://a", "dask://a:b", "tcp://a:1", "dask://a:1/x", "dask://a b:1"]
)
def test_other_addresses_are_refused(text):
    with pytest.raises(ConfigError, match="dask://HOST:PORT"):
        parse_address(text)


def test_addresses_are_read():
    assert parse_address("dask://node1:8786") == "tcp://node1:8786"
    assert parse_address("dask://[::1]:8786") == "tcp://[::1]:8786"


def call(function, *arguments):
    return function(*arguments)


def lose_worker(marker):
    if marker.exists():
        return "again"
    marker.touch()
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)
    return "never"
