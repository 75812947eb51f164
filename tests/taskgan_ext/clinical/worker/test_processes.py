"""Workers as processes: by the command line, killed, and in a storm."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from orthanc_server import PASSWORD, USER, OrthancServer, free_port, needs_orthanc
from worker_chaos import Chaos, ChaosPlan
from worker_children import WAIT_SECONDS, children_of, wait_until
from worker_scans import derived, pet_series, store

from taskgan_ext.clinical.worker.work_folder import PREFIX, remove_left_folders

pytestmark = [needs_orthanc, pytest.mark.slow]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_command_restores_and_its_child_dies_with_it(
    orthanc: OrthancServer, tiny_bundle: Path, tmp_path: Path
) -> None:
    store(orthanc, pet_series(tmp_path / "series", 0))
    port, work = free_port(), tmp_path / "work"
    command = [sys.executable, "-m", "taskgan_ext.clinical", "worker", "--orthanc", orthanc.url]
    command += ["--bundle", str(tiny_bundle), "--allow-unsealed", "--work", str(work), "--device", "cpu"]
    command += ["--health", f"127.0.0.1:{port}", "--send-to", "peer:archive"]
    environment = os.environ | {"TASKGAN_ORTHANC_USER": USER, "TASKGAN_ORTHANC_PASSWORD": PASSWORD}
    log = tmp_path / "log"
    with log.open("wb") as file:
        worker = subprocess.Popen(command, stderr=file, env=environment)
    try:
        wait_until(lambda: worker.poll() is not None or '"scan_done"' in log.read_text())
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
            assert json.load(answer)["healthy"] is True
        (child,) = children_of(worker.pid)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(WAIT_SECONDS)
    assert len(derived(orthanc)) == 1
    wait_until(lambda: not Path(f"/proc/{child}").exists())
    assert remove_left_folders(work) == 1
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert events == ["started", "restored", "scan_done"]


def test_nothing_is_lost_or_doubled_in_a_storm(tmp_path: Path) -> None:
    result = Chaos(tmp_path, ChaosPlan()).run()
    assert result["faults"] == []
    counts = result["counts"]
    assert counts["worker_kills"] >= ChaosPlan.worker_kills
    assert counts["slow_stops"] == 0
    assert list((tmp_path / "work").glob(f"{PREFIX}*")) == []
