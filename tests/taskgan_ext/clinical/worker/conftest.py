"""One Orthanc, and one process that restores, for the tests of a file."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from orthanc_server import OrthancServer, running
from worker_process import settings_of
from worker_scans import tiny_pet_bundle

from taskgan_ext.clinical.worker.destination import Destination
from taskgan_ext.clinical.worker.restore_process import RestoreProcess
from taskgan_ext.clinical.worker.scan_task import Workplace
from taskgan_ext.clinical.worker.scan_unit import UnitFinder
from taskgan_ext.clinical.worker.stop import Stop
from taskgan_ext.clinical.worker.worker import Worker
from taskgan_ext.clinical.worker.worker_status import WorkerStatus


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrthancServer]:
    """An Orthanc that images are sent on to."""
    with running(tmp_path_factory.mktemp("archive"), DicomAet="ARCHIVE") as server:
        yield server


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory, archive: OrthancServer) -> Iterator[OrthancServer]:
    """An Orthanc beside which workers work."""
    peer = {"Url": archive.url, "Username": "worker", "Password": "not-a-secret"}
    with running(
        tmp_path_factory.mktemp("orthanc"),
        CheckRevisions=True,
        DicomModalities={"archive": ["ARCHIVE", "127.0.0.1", archive.dicom_port]},
        OrthancPeers={"archive": peer},
        DicomScuTimeout=3,
    ) as server:
        yield server


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PET bundle that applies to small series."""
    return tiny_pet_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def restorer(tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Path) -> Iterator[RestoreProcess]:
    """The process that restores; it starts when it is needed."""
    options = settings_of({"bundle": tiny_bundle, "connection": {"url": "http://x"}, "work": "."}).process
    process = RestoreProcess(options, tmp_path_factory.mktemp("tmp"), 120.0, 0, Stop(0.0), WorkerStatus(60.0))
    yield process
    process.end()


@pytest.fixture
def make_worker(
    tmp_path: Path, tiny_bundle: Path, orthanc: OrthancServer, restorer: RestoreProcess
) -> Iterator[Callable[..., Worker]]:
    """Function ``make_worker(name, **settings)`` that makes a worker of this process."""

    def make(name: str = "first", **changed: object) -> Worker:
        given = {"bundle": str(tiny_bundle), "connection": vars(orthanc.connection()), "work": str(tmp_path)}
        settings = settings_of(given | {"settings": changed})
        send_to = settings.send_to
        destination = Destination.from_text(send_to, 30.0) if send_to else None
        client = orthanc.client()
        finder = UnitFinder(client, "PT", settings.description)
        place = Workplace(
            client, finder, restorer, tmp_path / name, destination, WorkerStatus(60.0), Stop(0.0), name, 1.0
        )
        held.callback(client.close)
        held.callback(place.stop.close)
        return Worker(place, settings, Random(0))

    with contextlib.ExitStack() as held:
        yield make


@pytest.fixture(autouse=True)
def _nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins with an empty Orthanc, where it uses one."""
    yield
    for name in ("orthanc", "archive"):
        if name in request.fixturenames:
            server = request.getfixturevalue(name)
            if server.is_running():
                client = server.client()
                for patient in client.get("/patients"):
                    client.call("DELETE", f"/patients/{patient}")
                client.close()
