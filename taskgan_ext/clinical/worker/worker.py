"""Look, work, wait, and look again."""

import time
from collections.abc import Iterable
from dataclasses import replace
from random import Random

from taskgan_ext.clinical.audit import audit
from taskgan_ext.clinical.hashed_uid import hashed_uid
from taskgan_ext.clinical.worker.back_off import pause
from taskgan_ext.clinical.worker.claim import Claim, read_marker
from taskgan_ext.clinical.worker.faults import Failure, Left, Postponed
from taskgan_ext.clinical.worker.marker import Marker, State
from taskgan_ext.clinical.worker.observations import Observations
from taskgan_ext.clinical.worker.orthanc import (
    CredentialsError,
    OrthancError,
    StorageFullError,
    UnreachableError,
)
from taskgan_ext.clinical.worker.scan_task import ScanTask, Workplace
from taskgan_ext.clinical.worker.scan_unit import ScanUnit
from taskgan_ext.clinical.worker.worker_settings import WorkerSettings

FIRST_PAUSE, LONGEST_PAUSE, LONGEST_RETRY = 1.0, 60.0, 3600.0
"""Seconds: after the first trouble with the surroundings, the most of it, and the most between attempts."""
HURRY_SECONDS = 3.0
"""For an answer when the worker has to stop; giving back takes two."""
MAX_CHANGES = 1000
TELLING = {"NewSeries", "StableSeries"}
"""Changes after which a series is looked at; they only make the worker faster, since some never come."""


class Worker:
    """Reconciles Orthanc by what is there: whatever has no marker of its present images is worked on.

    Args:
        place: where to work.
        settings: when to wait and to give up.
        rng: the source of chance, for pauses and order.
    """

    def __init__(self, place: Workplace, settings: WorkerSettings, rng: Random) -> None:
        self.place, self.settings, self.rng = place, settings, rng
        self.seen = Observations()
        self._last_change = 0
        self._trouble = 0
        self._send_after, self._send_trouble = 0.0, 0
        self._dead = 0

    def run(self) -> None:
        """Work until asked to stop.

        Raises:
            BundleError: the bundle cannot be opened.
        """
        while not self.place.stop.is_asked():
            try:
                self.look_at_all()
                self._trouble = 0
                self._watch()
            except (UnreachableError, OrthancError) as error:
                self._rest(
                    "orthanc" if isinstance(error, UnreachableError) else "orthanc_refuses", str(error)
                )
            except Postponed as postponed:
                self._rest(postponed.cause, "")

    def look_at_all(self) -> None:
        """Look at everything once, and do what is to be done.

        Raises:
            Postponed: the surroundings fail.
            OrthancError: Orthanc refuses a call.
            UnreachableError: Orthanc does not answer.
        """
        self._last_change = int(self.place.orthanc.get("/changes?last")["Last"])
        self.place.status.set("orthanc_up", 1)
        self._dead = 0
        for unit in self.place.finder.all(self.rng):
            if self.place.stop.is_asked():
                return
            self.look_at(unit)
        self.place.status.count("passes_total")
        self.place.status.set("dead_letters", self._dead)

    def look_at(self, unit: ScanUnit) -> None:
        """Look at a unit, and work on it if its time has come.

        Args:
            unit: as it is now.

        Raises:
            Postponed: the surroundings fail.
            CredentialsError: Orthanc refuses the worker.
            UnreachableError: Orthanc does not answer.
        """
        self.place.status.beat()
        key = unit.key(self.place.restorer.facts().fingerprint)
        try:
            marker, etag = read_marker(self.place.orthanc, unit.path)
        except CredentialsError:
            raise
        except OrthancError as error:  # one damaged series must not keep the others waiting
            audit("skipped", series=hashed_uid(unit.series[0].uid), cause=f"orthanc_{error.status}")
            self.place.status.count("failures_total", f"orthanc_{error.status}")
            return
        if marker.says_done(key):
            self._dead += marker.state is State.FAILED
            self.seen.forget(unit.id)
        else:
            now = time.monotonic()
            wait = self._wait(unit, key, marker, now)
            if wait > 0:
                self.seen.look_again(unit.id, now + wait)
            else:
                self._work(unit, Claim(self.place.orthanc, unit.path, marker, etag))
        self.place.status.set("waiting", len(self.seen))

    def _wait(self, unit: ScanUnit, key: str, marker: Marker, now: float) -> float:
        """Seconds until it makes sense to look again; 0 for now."""
        settings = self.settings
        unchanged = self.seen.unchanged(unit.id, "images", key, now)
        if unit.missing is not False:
            needed = settings.patience if unit.missing else settings.settle
            if unchanged < needed:
                # What arrived a moment ago is likely to go on arriving.
                return min(needed - unchanged, max(settings.poll, unchanged / 2))
            if not unit.stable:
                return settings.poll
        if marker.state is State.WORKING and marker.worker != self.place.worker:
            silent = self.seen.unchanged(unit.id, "claim", str(marker), now)
            if silent < settings.claim:
                return settings.claim - silent
        until = self.seen.held_until(unit.id)
        if marker.state is State.STORED and marker.key == key:
            until = max(until, self._send_after)
        return max(0.0, until - now)

    def _work(self, unit: ScanUnit, claim: Claim) -> None:
        status, task = self.place.status, ScanTask(self.place, unit, claim)
        try:
            end = task.run()
        except Left as left:
            status.count("left_total", left.cause)
            audit("left", series=task.name, cause=left.cause, worker=self.place.worker)
            if left.cause not in {"gone", "taken"}:
                self._give_back(claim)
            self.seen.hold(unit.id, time.monotonic() + self.settings.poll)
        except Postponed as postponed:
            self._postpone(task, postponed)
        except StorageFullError:
            self._postpone(task, Postponed("orthanc_full"))
        except CredentialsError:
            raise
        except (Failure, OrthancError) as failure:
            cause = failure.cause if isinstance(failure, Failure) else f"orthanc_{failure.status}"
            self._fail(task, cause)
        else:
            status.count("scans_total", str(end.state))
            audit(f"scan_{end.state}", series=task.name, code=end.code, worker=self.place.worker)
            self.seen.forget(unit.id)
            self._send_trouble = 0 if end.state is State.DONE else self._send_trouble
        status.set("orthanc_up", 1)

    def _postpone(self, task: ScanTask, postponed: Postponed) -> None:
        status, cause = self.place.status, postponed.cause
        status.count("postponed_total", cause)
        audit("postponed", series=task.name, cause=cause, worker=self.place.worker)
        self._give_back(task.claim)
        if not cause.startswith("destination"):
            raise postponed
        self._send_trouble += 1
        self._send_after = time.monotonic() + pause(self._send_trouble, FIRST_PAUSE, LONGEST_PAUSE, self.rng)
        self.seen.look_again(task.unit.id, self._send_after)

    def _fail(self, task: ScanTask, cause: str) -> None:
        attempts = task.claim.marker.attempts + 1
        state = State.FAILED if attempts >= self.settings.attempts else State.FAILING
        self.place.status.count("failures_total", cause)
        audit(str(state), series=task.name, cause=cause, attempts=attempts, worker=self.place.worker)
        wait = pause(attempts, self.settings.retry, LONGEST_RETRY, self.rng)
        self.seen.hold(task.unit.id, time.monotonic() + wait)
        try:
            task.claim.write(
                replace(task.claim.marker, state=state, key=task.key, code=cause, attempts=attempts)
            )
        except Left:
            return
        if state is State.FAILED:
            self.place.status.count("scans_total", str(state))

    def _give_back(self, claim: Claim) -> None:
        """Let other workers have it at once; where that fails, they take it later."""
        if self.place.stop.is_asked():
            self.place.orthanc.hurry(HURRY_SECONDS)
        if claim.marker.worker == self.place.worker and claim.marker.state is State.WORKING:
            try:
                claim.write(replace(claim.marker, state=State.FREE, worker=""))
            except (Left, OrthancError, UnreachableError):
                return

    def _watch(self) -> None:
        """Until everything is looked at again, look at what changes and at what waits."""
        stop, end = self.place.stop, time.monotonic() + self.settings.interval
        while not stop.is_asked() and time.monotonic() < end:
            stop.wait(min(self.settings.poll, max(0.0, end - time.monotonic())))
            self.place.status.beat()
            for id_ in {*self._changed(), *self.seen.due(time.monotonic())}:
                if stop.is_asked():
                    return
                unit = self.place.finder.one(id_)
                if unit is None:
                    self.seen.forget(id_)
                else:
                    self.look_at(unit)

    def _changed(self) -> Iterable[str]:
        found = self.place.orthanc.get(f"/changes?since={self._last_change}&limit={MAX_CHANGES}")
        self._last_change = int(found["Last"])
        series = {str(each["ID"]) for each in found["Changes"] if each["ChangeType"] in TELLING}
        units = map(self.place.finder.of_series, series)
        return {unit for unit in units if unit is not None}

    def _rest(self, cause: str, message: str) -> None:
        self._trouble += 1
        if cause.startswith("orthanc"):
            self.place.status.set("orthanc_up", 0)
        seconds = pause(self._trouble, FIRST_PAUSE, LONGEST_PAUSE, self.rng)
        audit("waiting", cause=cause, message=message, seconds=round(seconds, 1), worker=self.place.worker)
        self.place.status.beat()
        self.place.stop.wait(seconds)
