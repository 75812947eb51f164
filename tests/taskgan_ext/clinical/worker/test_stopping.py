"""Told to stop, a worker ends within 30 s whatever is under way, and another one finishes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from orthanc_server import OrthancServer, needs_orthanc
from worker_children import children_of, wait_until
from worker_process import __file__ as program
from worker_scans import derived, listed, markers, pet_series, store

from taskgan_ext.clinical.worker.work_folder import PREFIX
from taskgan_ext.clinical.worker.worker import Worker

pytestmark = [
    needs_orthanc,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs /proc"),
]
STOP_SECONDS = 30
"""What the worker promises."""


class Busy:
    """A worker in a process of its own, whose child has stopped in the middle of a scan.

    Attributes:
        worker: the process.
        child: that restores.
        log: with audit lines.
    """

    def __init__(self, worker: subprocess.Popen[bytes], log: Path) -> None:
        self.worker, self.log = worker, log
        wait_until(lambda: '"started"' in log.read_text())
        (self.child,) = children_of(worker.pid)
        os.kill(self.child, signal.SIGSTOP)

    @property
    def events(self) -> list[str]:
        """Of the audit lines."""
        return [json.loads(line)["event"] for line in self.log.read_text().splitlines()]

    def end(self, number: int) -> int:
        """Tell it to stop; its exit status."""
        self.worker.send_signal(number)
        return self.worker.wait(STOP_SECONDS)


@pytest.fixture
def busy(orthanc: OrthancServer, tiny_bundle: Path, tmp_path: Path) -> Iterator[Busy]:
    """A worker that has claimed the only series of an Orthanc and waits for its child."""
    given = {"bundle": str(tiny_bundle), "connection": vars(orthanc.connection()), "work": str(tmp_path)}
    given["connection"] |= dict.fromkeys(("ca_file", "client_certificate", "client_key"))
    log = tmp_path / "log"
    with log.open("wb") as file:
        worker = subprocess.Popen([sys.executable, program, json.dumps(given)], stderr=file)
    made = None
    try:
        made = Busy(worker, log)
        store(orthanc, pet_series(tmp_path / "series", 0))
        wait_until(lambda: any(each["state"] == "working" for each in markers(orthanc).values()))
        yield made
    finally:
        worker.kill()
        worker.wait(STOP_SECONDS)
        if made is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(made.child, signal.SIGCONT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_restoration_that_does_not_end_is_given_back_and_another_worker_finishes(
    number: int, busy: Busy, orthanc: OrthancServer, tmp_path: Path, make_worker: Callable[..., Worker]
) -> None:
    assert busy.end(number) == 0
    assert busy.events == ["started", "left", "stopped"]
    wait_until(lambda: not Path(f"/proc/{busy.child}").exists())
    assert len(listed(orthanc)) == 1  # the source
    (marker,) = markers(orthanc).values()
    assert marker.get("state", "free") == "free"
    assert list(tmp_path.glob(f"{PREFIX}*")) == []
    make_worker("second").look_at_all()
    (made,) = derived(orthanc)
    assert len(made["Instances"]) == len(listed(orthanc)[0]["Instances"])


def test_a_restoration_that_ends_in_time_is_delivered(busy: Busy, orthanc: OrthancServer) -> None:
    busy.worker.send_signal(signal.SIGTERM)
    os.kill(busy.child, signal.SIGCONT)
    assert busy.worker.wait(STOP_SECONDS) == 0
    assert busy.events == ["started", "restored", "scan_done", "stopped"]
    assert len(derived(orthanc)) == 1


def test_an_orthanc_that_hangs_keeps_no_worker(busy: Busy, orthanc: OrthancServer) -> None:
    assert orthanc.process is not None
    orthanc.process.send_signal(signal.SIGSTOP)
    try:
        assert busy.end(signal.SIGTERM) == 0
    finally:
        orthanc.process.send_signal(signal.SIGCONT)


def test_only_the_child_has_loaded_torch(busy: Busy) -> None:
    loaded = ["libtorch" in Path(f"/proc/{pid}/maps").read_text() for pid in (busy.worker.pid, busy.child)]
    assert loaded == [False, True]
