"""Beside a real Orthanc everything is restored once, from the images that are there in the end."""

import json
import logging
import re
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from orthanc_server import OrthancServer, needs_orthanc
from pydicom import dcmread
from pydicom.uid import generate_uid
from worker_scans import derived, listed, markers, pet_series, store

from taskgan_ext.clinical.worker.claim import Claim, read_marker
from taskgan_ext.clinical.worker.dead_letters import dead_letters, requeue
from taskgan_ext.clinical.worker.faults import Postponed
from taskgan_ext.clinical.worker.restore_process import RestoreProcess
from taskgan_ext.clinical.worker.worker import Worker

pytestmark = [needs_orthanc]
MakeWorker = Callable[..., Worker]


def source_marker(server: OrthancServer) -> dict:
    """That of the only source series."""
    (marker,) = markers(server).values()
    return marker


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Images of a series."""
    return pet_series(tmp_path / "series", seed=3)


def test_a_series_comes_back_restored_and_only_once(
    orthanc: OrthancServer, files: list[Path], make_worker: MakeWorker
) -> None:
    store(orthanc, files)
    for name in ("first", "second"):
        make_worker(name).look_at_all()
    (made,) = derived(orthanc)
    assert len(made["Instances"]) == len(files)
    marker = source_marker(orthanc)
    assert (marker["state"], marker["worker"]) == ("done", "first")
    assert marker["derived"] == [made["MainDicomTags"]["SeriesInstanceUID"]]
    client = orthanc.client()
    for instance in made["Instances"]:
        image = dcmread(BytesIO(client.call("GET", f"/instances/{instance}/file").body))
        assert np.isfinite(image.pixel_array * float(image.RescaleSlope)).all()
    client.close()


def test_work_that_a_dead_worker_left_is_done_again_without_harm(
    orthanc: OrthancServer, files: list[Path], make_worker: MakeWorker
) -> None:
    store(orthanc, files)
    worker = make_worker()
    worker.look_at_all()
    (unit,) = worker.place.finder.all(worker.rng)
    marker, etag = read_marker(worker.place.orthanc, unit.path)
    # As if it had been killed between the upload and the marker, and some images had not arrived.
    (before,) = derived(orthanc)
    worker.place.orthanc.call("DELETE", f"/instances/{before['Instances'][0]}")
    Claim(worker.place.orthanc, unit.path, marker, etag).take("another", "dead")
    other = make_worker("second", claim=0.01)
    other.look_at_all()  # sees the claim
    assert source_marker(orthanc)["worker"] == "dead"
    other.place.stop.wait(0.05)
    other.look_at_all()
    (after,) = derived(orthanc)
    assert sorted(after["Instances"]) == sorted(before["Instances"])
    assert source_marker(orthanc)["worker"] == "second"


def test_missing_slices_are_waited_for(
    orthanc: OrthancServer, files: list[Path], make_worker: MakeWorker
) -> None:
    worker = make_worker()
    store(orthanc, files[3:])
    worker.look_at_all()
    assert derived(orthanc) == []
    assert markers(orthanc) == {}
    store(orthanc, files[:3])
    worker.look_at_all()
    assert len(derived(orthanc)) == 1


def test_what_stays_incomplete_is_refused_until_the_rest_comes(
    orthanc: OrthancServer, files: list[Path], make_worker: MakeWorker
) -> None:
    store(orthanc, files[3:])
    worker = make_worker(patience=0.0, settle=0.0)
    for _ in range(50):
        worker.look_at_all()
        if markers(orthanc):
            break
        worker.place.stop.wait(0.2)  # until Orthanc calls it stable
    marker = source_marker(orthanc)
    assert (marker["state"], marker["code"]) == ("refused", "incomplete")
    store(orthanc, files[:3])
    worker.look_at_all()
    assert source_marker(orthanc)["state"] == "done"


def test_other_images_supersede_what_was_made_of_the_first(
    orthanc: OrthancServer, files: list[Path], make_worker: MakeWorker
) -> None:
    store(orthanc, files)
    worker = make_worker()
    worker.look_at_all()
    (first,) = derived(orthanc)
    image = dcmread(files[0])
    client = orthanc.client()
    (found,) = client.call("POST", "/tools/lookup", image.SOPInstanceUID.encode()).json()
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.save_as(files[0])
    store(orthanc, files[:1])
    client.call("DELETE", f"/instances/{found['ID']}")
    client.close()
    worker.look_at_all()
    (second,) = derived(orthanc)
    assert second["ID"] != first["ID"]
    (old,) = (each for each in listed(orthanc) if each["ID"] == first["ID"])
    assert old["Metadata"]["taskgan-superseded"] == source_marker(orthanc)["key"]


def test_what_the_bundle_does_not_apply_to_is_refused_once(
    orthanc: OrthancServer, files: list[Path], make_worker: MakeWorker
) -> None:
    for file in files:
        image = dcmread(file)
        image.Units = "PROPCPS"
        image.save_as(file)
    store(orthanc, files)
    make_worker().look_at_all()
    make_worker("second").look_at_all()
    marker = source_marker(orthanc)
    assert (marker["state"], marker["code"], marker["worker"]) == ("refused", "units_unsupported", "first")
    assert derived(orthanc) == []


@pytest.mark.slow
def test_what_fails_again_and_again_becomes_a_dead_letter_that_can_be_queued_again(
    orthanc: OrthancServer, files: list[Path], make_worker: MakeWorker, restorer: RestoreProcess
) -> None:
    store(orthanc, files)
    worker = make_worker(attempts=1)
    worker.place.restorer.facts()
    restorer.timeout = 0.0
    worker.look_at_all()
    restorer.timeout = 120.0
    assert (source_marker(orthanc)["state"], source_marker(orthanc)["code"]) == ("failed", "timeout")
    worker.look_at_all()
    assert "taskgan_worker_dead_letters 1" in worker.place.status.metrics()
    assert derived(orthanc) == []
    (letter,) = dead_letters(worker.place.orthanc)
    assert requeue(worker.place.orthanc, letter)
    assert list(dead_letters(worker.place.orthanc)) == []
    make_worker("second").look_at_all()  # in a new process, for the old one was ended
    assert len(derived(orthanc)) == 1


@pytest.mark.parametrize("kind", ["modality", "peer"])
def test_a_destination_that_is_down_gets_everything_when_it_is_back(
    kind: str, orthanc: OrthancServer, archive: OrthancServer, files: list[Path], make_worker: MakeWorker
) -> None:
    store(orthanc, files)
    worker = make_worker(send_to=f"{kind}:archive")
    archive.stop()
    worker.look_at_all()
    assert source_marker(orthanc)["state"] == "stored"
    archive.start()
    for _ in range(100):
        worker.look_at_all()
        if source_marker(orthanc)["state"] == "done":
            break
        worker.place.stop.wait(0.1)
    (there,) = listed(archive)
    assert len(there["Instances"]) == len(files)
    assert "taskgan_worker_series_stored_total 1\n" in worker.place.status.metrics()


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
def test_a_full_disk_of_orthanc_is_waited_for_and_not_counted_against_the_scan(
    orthanc: OrthancServer, files: list[Path], make_worker: MakeWorker
) -> None:
    store(orthanc, files)
    worker = make_worker(attempts=1)
    worker.place.restorer.facts()
    orthanc.fill_disk(True)
    try:
        with pytest.raises(Postponed, match="orthanc_full"):
            worker.look_at_all()
    finally:
        orthanc.fill_disk(False)
    worker.look_at_all()
    assert source_marker(orthanc)["state"] == "done"
    assert len(derived(orthanc)) == 1


def test_nothing_of_a_patient_is_in_logs_metrics_and_markers(
    orthanc: OrthancServer,
    files: list[Path],
    make_worker: MakeWorker,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planted = {
        "PatientName": "Secret^Name",
        "PatientID": "SECRET-1",
        "PatientBirthDate": "19010203",
        "AccessionNumber": "SECRET-2",
        "SeriesDescription": "Secret words",
        "InstitutionName": "Secret place",
    }
    for file in files:
        image = dcmread(file)
        for name, value in planted.items():
            setattr(image, name, value)
        image.save_as(file)
    logger = logging.getLogger("taskgan_ext.clinical.audit")
    monkeypatch.setattr(logger, "propagate", True)
    caplog.set_level(logging.INFO, logger.name)
    store(orthanc, files)
    worker = make_worker(description=re.compile("Secret"))
    worker.look_at_all()
    assert len(derived(orthanc)) == 1
    events = [json.loads(record.message)["event"] for record in caplog.records]
    assert events == ["restored", "scan_done"]
    told = caplog.text + worker.place.status.metrics() + json.dumps(markers(orthanc))
    uids = [str(dcmread(files[0])[name].value) for name in ("SeriesInstanceUID", "StudyInstanceUID")]
    assert [text for text in (*planted.values(), *uids) if text in told] == []
