"""Scans are found whatever their number, claimed by one worker, and given up openly."""

from collections.abc import Callable
from pathlib import Path

import pytest
from orthanc_server import PASSWORD, USER, OrthancServer, needs_orthanc, running
from pydicom import dcmread
from pydicom.uid import generate_uid
from worker_process import settings_of
from worker_scans import markers, pet_series, store

from taskgan_ext.clinical.__main__ import main
from taskgan_ext.clinical.worker.claim import Claim, read_marker
from taskgan_ext.clinical.worker.faults import Left
from taskgan_ext.clinical.worker.marker import Marker, State
from taskgan_ext.clinical.worker.orthanc import CredentialsError, Orthanc
from taskgan_ext.clinical.worker.run_worker import run_worker
from taskgan_ext.clinical.worker.scan_unit import UnitFinder
from taskgan_ext.clinical.worker.stop import Stop
from taskgan_ext.clinical.worker.worker import Worker
from taskgan_ext.errors import ConfigError

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


def test_of_two_workers_that_begin_at_the_same_moment_one_steps_back(
    orthanc: OrthancServer, files: list[Path]
) -> None:
    (id_,) = store(orthanc, files)
    clients = [orthanc.client(), orthanc.client()]
    claims = [Claim(client, f"/series/{id_}", *read_marker(client, f"/series/{id_}")) for client in clients]
    claims[0].take("key", "first")
    with pytest.raises(Left, match="taken"):
        claims[1].take("key", "second")
    assert source_marker(orthanc)["worker"] == "first"
    for client in clients:
        client.close()


def test_every_series_is_found_whatever_the_size_of_the_page(
    orthanc: OrthancServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_worker: MakeWorker
) -> None:
    monkeypatch.setattr("taskgan_ext.clinical.worker.scan_unit.PAGE", 3)
    wanted = {store(orthanc, pet_series(tmp_path / "s", seed)[:1])[0] for seed in range(7)}
    worker = make_worker()
    found = [unit.id for unit in worker.place.finder.all(worker.rng)]
    assert len(found) == len(wanted)
    assert set(found) == wanted


def test_series_of_a_study_wait_for_one_another_where_a_bundle_needs_several(
    orthanc: OrthancServer, files: list[Path], make_worker: MakeWorker
) -> None:
    for series in (files[:4], files[4:]):
        uid = generate_uid()
        for file in series:
            image = dcmread(file)
            image.Modality, image.SeriesInstanceUID = "MR", uid
            image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
            image.save_as(file)
    worker = make_worker()
    finder = UnitFinder(worker.place.orthanc, "MR")
    store(orthanc, files[:4])
    (early,) = finder.all(worker.rng)
    store(orthanc, files[4:])
    (unit,) = finder.all(worker.rng)
    assert (unit.level, len(unit.series), len(unit.instances)) == ("studies", 2, 8)
    assert early.key("bundle") != unit.key("bundle")
    assert unit.missing is None  # nothing announces the number, so stability decides
    assert finder.of_series(unit.series[0].id) == unit.id


def test_wrong_credentials_are_named_and_end_the_command(
    orthanc: OrthancServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Orthanc(orthanc.connection(password="wrong"))
    with pytest.raises(CredentialsError, match="expected a name and a password of its RegisteredUsers"):
        client.get("/system")
    client.close()
    monkeypatch.delenv("TASKGAN_ORTHANC_USER", raising=False)
    assert main(["dead-letters", "--orthanc", orthanc.url]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: Orthanc refuses the worker (HTTP status 401")


def test_an_orthanc_that_does_not_know_the_note_ends_the_worker_and_no_scan_counts_as_gone(
    tmp_path: Path, tiny_bundle: Path, files: list[Path]
) -> None:
    with running(tmp_path / "bare", UserMetadata={}, CheckRevisions=True) as server:
        given = {"bundle": str(tiny_bundle), "connection": vars(server.connection()), "work": str(tmp_path)}
        with pytest.raises(ConfigError, match="expected UserMetadata of Orthanc's configuration to name"):
            run_worker(settings_of(given), Stop(0.0))
        (id_,) = store(server, files)
        client = server.client()
        claim = Claim(client, f"/series/{id_}", Marker(), "")
        with pytest.raises(ConfigError, match="UserMetadata"):
            claim.take("key", "worker")
        client.close()


def test_dead_letters_are_listed_and_queued_again_by_the_command(
    orthanc: OrthancServer,
    files: list[Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TASKGAN_ORTHANC_USER", USER)
    monkeypatch.setenv("TASKGAN_ORTHANC_PASSWORD", PASSWORD)
    (id_,) = store(orthanc, files[:1])
    failed = Marker(State.FAILED, "key", "timeout", attempts=5, old=("2.25.1",))
    client = orthanc.client()
    client.call("PUT", f"/series/{id_}/metadata/taskgan-done", failed.to_bytes())
    client.close()
    command = ["dead-letters", "--orthanc", orthanc.url]
    assert main([*command, "--requeue", "nobody"]) == 1
    assert "--requeue: expected dead letters, nobody are none" in capsys.readouterr().err
    assert main([*command, "--requeue", id_]) == 0
    assert capsys.readouterr().out == f"series {id_}: timeout, 5 attempts, will be tried again\n"
    assert source_marker(orthanc) == {"key": "key", "old": ["2.25.1"]}
    assert main(command) == 0
    assert capsys.readouterr().out == "no dead letters\n"
