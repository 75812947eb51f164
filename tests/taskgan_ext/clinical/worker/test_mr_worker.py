"""The series of an MDME scan are restored together, when all of them are there."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from orthanc_server import OrthancServer, needs_orthanc
from worker_process import settings_of
from worker_scans import derived, store

from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.worker.claim import read_marker
from taskgan_ext.clinical.worker.restore_process import RestoreProcess
from taskgan_ext.clinical.worker.scan_task import Workplace
from taskgan_ext.clinical.worker.scan_unit import UnitFinder
from taskgan_ext.clinical.worker.stop import Stop
from taskgan_ext.clinical.worker.worker import Worker
from taskgan_ext.clinical.worker.worker_status import WorkerStatus
from taskgan_ext.mr.protocol import CONTRASTS

pytestmark = [needs_orthanc, pytest.mark.slow]


def test_the_series_of_a_scan_are_waited_for_and_restored_together(
    orthanc: OrthancServer, mr_bundle: Path, mr_scan: Callable[..., Path], tmp_path: Path
) -> None:
    files = sorted(mr_scan(tmp_path / "scan", series="many").rglob("*.dcm"))
    settings = settings_of(
        {"bundle": mr_bundle, "connection": vars(orthanc.connection()), "work": tmp_path}
        | {"settings": {"settle": 0.5}}
    )
    status, stop, client = WorkerStatus(60.0), Stop(0.0), orthanc.client()
    restorer = RestoreProcess(ProcessOptions(mr_bundle, "cpu"), tmp_path / "tmp", 300.0, 0, stop, status)
    finder = UnitFinder(client, "MR")
    work = tmp_path / "work"
    worker = Worker(
        Workplace(client, finder, restorer, work, None, status, stop, "first", 1.0), settings, Random(0)
    )
    try:
        store(orthanc, files[: len(files) // 2])
        worker.look_at_all()
        assert derived(orthanc) == []  # half of the scan has just come
        store(orthanc, files[len(files) // 2 :])
        for _ in range(600):
            worker.look_at_all()
            (unit,) = finder.all(worker.rng)
            marker, _ = read_marker(client, unit.path)
            if marker.says_done(unit.key(restorer.facts().fingerprint)):
                break
            stop.wait(0.2)
        assert (marker.state, len(marker.derived)) == ("done", len(CONTRASTS))
        assert len(derived(orthanc)) == len(CONTRASTS)
        assert unit.level == "studies"
        assert len(unit.series) > 1
    finally:
        restorer.end()
        client.close()
        stop.close()
