"""The way of one scan: fetch, restore, store, read back, mark what is superseded, send on, say so last."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from taskgan_ext.clinical.audit import audit
from taskgan_ext.clinical.hashed_uid import hashed_uid
from taskgan_ext.clinical.result import Outcome
from taskgan_ext.clinical.worker.claim import Claim
from taskgan_ext.clinical.worker.destination import Destination
from taskgan_ext.clinical.worker.faults import Left
from taskgan_ext.clinical.worker.marker import Marker, State
from taskgan_ext.clinical.worker.orthanc import Orthanc, UnreachableError
from taskgan_ext.clinical.worker.restore_process import RestoreProcess
from taskgan_ext.clinical.worker.scan_unit import ScanUnit, UnitFinder
from taskgan_ext.clinical.worker.stop import Stop
from taskgan_ext.clinical.worker.storing import (
    derived_uid,
    download_images,
    find_series,
    mark_superseded,
    store_series,
)
from taskgan_ext.clinical.worker.worker_status import WorkerStatus


@dataclass(frozen=True)
class Workplace:
    """What every scan needs.

    Attributes:
        orthanc: client.
        finder: of units.
        restorer: restores folders.
        folder: private.
        destination: besides Orthanc; ``None`` for none.
        status: what the worker tells about itself.
        stop: whether to.
        worker: name of this worker, by chance.
        beat: seconds between two signs of life in the marker.
    """

    orthanc: Orthanc
    finder: UnitFinder
    restorer: RestoreProcess
    folder: Path
    destination: Destination | None
    status: WorkerStatus
    stop: Stop
    worker: str
    beat: float


class ScanTask:
    """Brings one unit from wherever a dead worker left it to its end; each step may be repeated.

    Args:
        place: where to work.
        unit: what to work on.
        claim: the hold on it.
    """

    def __init__(self, place: Workplace, unit: ScanUnit, claim: Claim) -> None:
        self.place, self.unit, self.claim = place, unit, claim
        self.key = unit.key(place.restorer.facts().fingerprint)
        self.name = hashed_uid(unit.series[0].uid)
        self._beaten = time.monotonic()

    def run(self) -> Marker:
        """Do what is left to do.

        Returns:
            The marker that says so.

        Raises:
            Postponed: the surroundings fail.
            Failure: the attempt failed.
            Left: it is not ours to finish.
            OrthancError: Orthanc refuses a call.
            UnreachableError: Orthanc does not answer.
        """
        series = self._stored()
        if series is None:
            end = self._make()
            if end.state is not State.STORED:
                return end
            series = find_series(self.place.orthanc, self.claim.marker.derived)
        if self.place.destination is not None:
            self.place.destination.send(self.place.orthanc, series, self._tick)
        self.claim.write(replace(self.claim.marker, state=State.DONE))
        return self.claim.marker

    def _stored(self) -> list[str] | None:
        """Series that were stored by an earlier attempt, if all are there."""
        marker = self.claim.marker
        if marker.state is not State.STORED or marker.key != self.key:
            return None
        series = find_series(self.place.orthanc, marker.derived)
        return series if len(series) == len(marker.derived) else None

    def _make(self) -> Marker:
        place = self.place
        self.claim.take(self.key, place.worker)
        folder = place.folder / "scan"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            download_images(place.orthanc, self.unit.instances, folder / "in", self._tick)
            begun = time.monotonic()
            result = place.restorer.restore(folder / "in", folder / "out", self._tick)
            place.status.count("restoring_seconds_total", amount=time.monotonic() - begun)
            now = place.finder.one(self.unit.id)
            if now is None or now.instances != self.unit.instances:
                raise Left("changed")
            self._store(folder / "out", result["series"])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        state, code = _end_of(result["series"])
        self.claim.write(replace(self.claim.marker, state=state, code=code, attempts=0, old=()))
        self._audit(result)
        return self.claim.marker

    def _store(self, out: Path, results: Sequence[Mapping[str, Any]]) -> None:
        place = self.place
        groups = [[out / file for file in each["files"] if file.endswith(".dcm")] for each in results]
        groups = [files for files in groups if files]
        self.claim.announce({derived_uid(files) for files in groups})
        made = []
        for files in groups:
            made.append(store_series(place.orthanc, files, self._tick))
            place.status.count("series_stored_total")
        for series in made:
            mark_superseded(place.orthanc, series, "")
        for series in find_series(place.orthanc, self.claim.marker.old):
            mark_superseded(place.orthanc, series, self.key)

    def _tick(self) -> None:
        """Show that the worker lives, here and in the marker, and see whether it has to stop."""
        self.place.status.beat()
        if self.place.stop.is_at_once():
            raise Left("stopping")
        if time.monotonic() - self._beaten > self.place.beat:
            self._beaten = time.monotonic()
            try:
                self.claim.beat()
            except UnreachableError:
                return  # the work on this side goes on; Orthanc may be back by its end

    def _audit(self, result: Mapping[str, Any]) -> None:
        facts = self.place.restorer.facts()
        for each in result["series"]:
            audit(
                str(each["outcome"]),
                series=each["series"],
                label=each["label"],
                code=each["code"],
                flags=list(each["flags"]),
                seconds=round(float(each["seconds"]), 3),
                bundle=facts.name,
                version=facts.version,
                weights=facts.weights[:12],
                worker=self.place.worker,
            )


def _end_of(results: Sequence[Mapping[str, Any]]) -> tuple[State, str]:
    """The state of a unit, of which some series may be restored and others refused."""
    outcomes = {str(each["outcome"]) for each in results}
    if outcomes & {Outcome.RESTORED, Outcome.FLAGGED}:
        return State.STORED, ""
    if Outcome.WITHHELD in outcomes:
        flags = sorted({flag for each in results for flag in each["flags"]})
        return State.WITHHELD, " ".join(flags)
    return State.REFUSED, " ".join(sorted({str(each["code"]) for each in results}))
