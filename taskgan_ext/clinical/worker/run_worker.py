"""Set a worker up, let it work, clear up."""

import contextlib
import secrets
from random import SystemRandom

from taskgan_ext.clinical.audit import audit
from taskgan_ext.clinical.worker.claim import check_names
from taskgan_ext.clinical.worker.destination import Destination
from taskgan_ext.clinical.worker.faults import Failure, Left
from taskgan_ext.clinical.worker.health_server import health_server
from taskgan_ext.clinical.worker.orthanc import CredentialsError, Orthanc, OrthancError, UnreachableError
from taskgan_ext.clinical.worker.restore_process import RestoreProcess
from taskgan_ext.clinical.worker.scan_task import Workplace
from taskgan_ext.clinical.worker.scan_unit import UnitFinder
from taskgan_ext.clinical.worker.stop import Stop
from taskgan_ext.clinical.worker.work_folder import work_folder
from taskgan_ext.clinical.worker.worker import Worker
from taskgan_ext.clinical.worker.worker_settings import GRACE_SECONDS, WorkerSettings
from taskgan_ext.clinical.worker.worker_status import WorkerStatus
from taskgan_ext.errors import ConfigError, TaskGANError

UNHEALTHY_SECONDS = 120.0
"""Without a sign of life: more than the longest pause and the longest single answer."""


def run_worker(settings: WorkerSettings, stop: Stop | None = None) -> int:
    """Work until SIGTERM or SIGINT.

    Args:
        settings: what an operator has set.
        stop: for a worker in another thread than the main one; otherwise made here.

    Returns:
        Exit status: 0.

    Raises:
        BundleError: the bundle cannot be opened.
        ConfigError: a setting is wrong, or Orthanc's configuration is.
        CredentialsError: Orthanc refuses the worker.
        TaskGANError: the bundle cannot be loaded at all.
        OSError: the work folder cannot be written.
    """
    if stop is None:
        stop = Stop(GRACE_SECONDS)
        stop.listen()
    status = WorkerStatus(UNHEALTHY_SECONDS)
    worker = secrets.token_hex(4)
    orthanc = Orthanc(settings.connection)
    destination = Destination.from_text(settings.send_to, settings.timeout) if settings.send_to else None
    with contextlib.ExitStack() as held:
        held.callback(orthanc.close)
        if settings.connection.is_open:
            audit("warning", cause="plain_http", message="password and images can be read", worker=worker)
        _check(orthanc, destination, worker)
        port = held.enter_context(health_server(settings.health, status))
        folder = held.enter_context(work_folder(settings.work))
        restorer = RestoreProcess(
            settings.process, folder / "tmp", settings.timeout, settings.memory_bytes, stop, status
        )
        held.callback(restorer.end)
        try:
            facts = restorer.facts()
        except Left:
            return 0
        except Failure as failure:
            raise TaskGANError(f"expected the bundle to load, its process ended: {failure.cause}") from None
        audit("started", worker=worker, health_port=port, bundle=facts.name, version=facts.version)
        finder = UnitFinder(orthanc, facts.modality, settings.description)
        place = Workplace(
            orthanc, finder, restorer, folder, destination, status, stop, worker, settings.claim / 4
        )
        Worker(place, settings, SystemRandom()).run()
        audit("stopped", worker=worker)
    return 0


def _check(orthanc: Orthanc, destination: Destination | None, worker: str) -> None:
    """What Orthanc's configuration must have; an Orthanc that is not there yet is waited for later."""
    try:
        system = orthanc.get("/system")
        if destination is not None:
            destination.check(orthanc)
        check_names(orthanc)
    except (CredentialsError, ConfigError):
        raise
    except (OrthancError, UnreachableError) as error:
        audit("waiting", cause="orthanc", message=str(error), worker=worker)
        return
    if not system.get("CheckRevisions", False):
        audit("warning", cause="check_revisions_off", message="run one worker only", worker=worker)
