"""Workers, Orthanc and the destination killed again and again, while scans arrive in all disorder."""

import hashlib
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from orthanc_server import OrthancServer
from pydicom import dcmread
from pydicom.uid import generate_uid
from worker_faults import NUM_SLICES, count_leftovers, find_faults
from worker_scans import listed, markers, pet_series, store, tiny_pet_bundle

from taskgan_ext.clinical.worker.orthanc import OrthancError, UnreachableError
from taskgan_ext.clinical.worker.restore_process import BundleFacts
from taskgan_ext.io.digest import sha256

START_SECONDS, DRAIN_SECONDS = 120, 600
PROGRAM = Path(__file__).with_name("worker_process.py")


class LoggedWorker:
    """A worker whose lines are kept; they pass through a pipe, since a full disk takes no log."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.lines: list[str] = []
        self.full, self.bundle = bool(given["largest_file"]), given["bundle"]
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), json.dumps(given)], stderr=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as pipe:
            for line in pipe:
                # A kill may cut the last one.
                if line.endswith("\n"):
                    self.lines.append(line)


@dataclass
class ChaosPlan:
    """How much of what; the defaults are those of the short run in the tests."""

    series: int = 4
    worker_kills: int = 2
    orthanc_kills: int = 1
    destination_kills: int = 1
    full_disks: int = 1
    versions: int = 1
    late: int = 1
    replaced: int = 1
    resent: int = 1
    seed: int = 0


@dataclass
class Chaos:
    """A source Orthanc, a destination, two slots for workers, and what happens to them."""

    folder: Path
    plan: ChaosPlan
    tell: Callable[[str], None] = lambda _: None
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.plan.seed)
        self.destination = OrthancServer(self.folder / "destination", DicomAet="ARCHIVE")
        self.source = OrthancServer(
            self.folder / "source",
            CheckRevisions=True,
            DicomModalities={"archive": ["ARCHIVE", "127.0.0.1", self.destination.dicom_port]},
            DicomScuTimeout=3,
        )
        self.bundles = [
            tiny_pet_bundle(self.folder / f"bundle-{number}", f"1.0.{number}")
            for number in range(self.plan.versions)
        ]
        self.workers: list[LoggedWorker | None] = [None, None]
        self.logs: list[list[str]] = []
        self.work = self.folder / "work"
        self.waiting: list[tuple[str, Any]] = []

    def run(self) -> dict[str, Any]:
        """Everything; what is wrong in the end is in ``faults``."""
        begun = time.monotonic()
        try:
            self.source.start()
            self.destination.start()
            self._plan_arrivals()
            self._storm()
            self.tell("the storm is over, two workers clear up")
            storm = time.monotonic() - begun
            drained = self._drain()
            faults = [] if drained else ["not everything was done in time"]
            for slot in (0, 1):
                self.counts["slow_stops"] += not self._stop(slot)
            faults += find_faults(self.source, self.destination, self.plan.series)
            self.counts.update(count_leftovers(self.source, self.plan.series))
            left = list(self.work.glob("taskgan-worker-*"))
            faults += [f"left: {len(left)} work folders"] if left else []
            lines = [line for log in self.logs for line in log]
            self.counts["restorations"] = sum(json.loads(line)["event"] == "restored" for line in lines)
            faults += ["a patient in the logs"] if "SIMULATED" in "".join(lines) else []
        finally:
            for worker in filter(None, self.workers):
                worker.process.kill()
                worker.process.wait(30)
            self.source.stop()
            self.destination.stop()
        seconds = {"storm": storm, "all": time.monotonic() - begun}
        return {"counts": dict(sorted(self.counts.items())), "seconds": seconds, "faults": faults}

    # --- what arrives ---------------------------------------------------------------------------------

    def _plan_arrivals(self) -> None:
        plan = self.plan
        for number in range(plan.series):
            files = pet_series(self.folder / "series" / f"{number}", number)
            self.rng.shuffle(files)
            cut = self.rng.randrange(1, NUM_SLICES) if number < plan.late else NUM_SLICES
            self.waiting.append(("series", files[:cut]))
            if cut < NUM_SLICES:
                self.waiting.append(("late", files[cut:]))
        order = sorted(range(len(self.waiting)), key=lambda _: self.rng.random())
        self.waiting = [self.waiting[each] for each in order]
        files = [
            sorted((self.folder / "series" / f"{number}").glob("*.dcm")) for number in range(plan.series)
        ]
        for each in self.rng.sample(files, plan.resent):
            self.waiting.insert(
                self.rng.randrange(len(self.waiting) // 2, len(self.waiting)), ("resent", each)
            )
        for each in self.rng.sample(files[plan.late :], plan.replaced):
            # Only what has arrived can be replaced.
            self.waiting.append(("replaced", each))

    def _arrive(self) -> None:
        if not self.waiting:
            return
        kind, files = self.waiting.pop(0)
        try:
            if kind == "replaced":
                self._replace(files[0])
            else:
                store(self.source, files)
        except (UnreachableError, OrthancError):
            self.waiting.insert(self.rng.randrange(len(self.waiting) + 1), (kind, files))
            return
        self.counts[kind] += 1

    def _replace(self, file: Path) -> None:
        """A slice is deleted, and sent again as another object."""
        image = dcmread(file)
        client = self.source.client()
        found = client.call("POST", "/tools/lookup", image.SOPInstanceUID.encode()).json()
        if not found:
            raise UnreachableError("not there yet")
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid(
            entropy_srcs=[str(image.SOPInstanceUID)]
        )
        content = BytesIO()
        image.save_as(content)
        client.call("POST", "/instances", content.getvalue())
        client.call("DELETE", f"/instances/{found[0]['ID']}")
        client.close()

    # --- what is killed -------------------------------------------------------------------------------

    def _storm(self) -> None:
        plan, rng = self.plan, self.rng
        events = ["worker"] * plan.worker_kills
        others = ["orthanc"] * plan.orthanc_kills + ["destination"] * plan.destination_kills
        for event in others:
            events.insert(rng.randrange(1, len(events) + 1), event)
        full = set(rng.sample(range(plan.worker_kills), plan.full_disks))
        per_event = -(-len(self.waiting) // len(events))
        destination_back, kills = 0.0, 0
        for number, event in enumerate(events):
            self.tell(f"{number + 1} of {len(events)}: {event}")
            if not self.destination.is_running() and time.monotonic() > destination_back:
                self.destination.start()
            for _ in range(per_event):
                self._arrive()
            slot = rng.randrange(2)
            self._start_both(kills)
            time.sleep(rng.uniform(0.0, 2.0))
            if event == "worker":
                self._kill(slot)
                kills += 1
                self._start(slot, self._version(kills), full=kills - 1 in full)
            elif event == "orthanc":
                self.source.kill()
                time.sleep(rng.uniform(0.0, 1.0))
                self.source.start()
                self.counts["orthanc_kills"] += 1
            else:
                self.destination.kill()
                self.counts["destination_kills"] += 1
                destination_back = time.monotonic() + rng.uniform(1.0, 30.0)
        if not self.destination.is_running():
            self.destination.start()
        while self.waiting:
            self._arrive()

    def _version(self, kills: int) -> int:
        """The bundle is replaced by its next version in the course of the storm."""
        return min(kills * self.plan.versions // self.plan.worker_kills, self.plan.versions - 1)

    def _start_both(self, kills: int) -> None:
        for slot in (0, 1):
            self._start(slot, self._version(kills))
        for slot in (0, 1):
            self._wait_for(slot)

    def _start(self, slot: int, version: int, full: bool = False) -> None:
        """Start a worker where none runs."""
        running = self.workers[slot]
        if running is not None and running.process.poll() is None:
            return
        given = {
            "bundle": str(self.bundles[version]),
            "connection": vars(self.source.connection()),
            "work": str(self.work),
            "settings": {"send_to": "modality:archive"},
            # Less than one image.
            "largest_file": 2048 if full else 0,
        }
        self.workers[slot] = LoggedWorker(given)
        self.logs.append(self.workers[slot].lines)
        self.counts["worker_starts"] += 1
        self.counts["full_disks"] += full

    def _wait_for(self, slot: int) -> None:
        """Until it has opened the bundle."""
        worker, end = self.workers[slot], time.monotonic() + START_SECONDS
        while not any('"started"' in line for line in worker.lines):
            if time.monotonic() > end or worker.process.poll() is not None:
                raise RuntimeError(f"a worker did not start: {worker.lines}")
            time.sleep(0.05)

    def _kill(self, slot: int) -> None:
        worker = self.workers[slot].process
        worker.send_signal(signal.SIGKILL)
        worker.wait(30)
        self.counts["worker_kills"] += 1

    def _stop(self, slot: int) -> bool:
        """Whether a worker ends well and in time."""
        worker = self.workers[slot].process
        worker.terminate()
        try:
            return worker.wait(30) == 0
        except subprocess.TimeoutExpired:
            return False

    # --- the end --------------------------------------------------------------------

    def _drain(self) -> bool:
        for slot, worker in enumerate(self.workers):
            if worker.full or worker.bundle != str(self.bundles[-1]):
                self._kill(slot)
        self._start_both(self.plan.worker_kills)
        bundle = self.bundles[-1]
        table, weights = (sha256(bundle / name) for name in ("configs/clinical.json", "models/model.pt"))
        version = f"1.0.{self.plan.versions - 1}"
        self.facts = BundleFacts("pet_denoising", version, weights, table, "PT")
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end:
            found = markers(self.source)
            sources = [each for each in listed(self.source) if each["ID"] in found]
            if len(sources) == self.plan.series and all(self._done(each, found) for each in sources):
                return True
            time.sleep(0.5)
        return False

    def _done(self, series: dict[str, Any], found: dict[str, dict[str, Any]]) -> bool:
        marker = found[series["ID"]]
        key = hashlib.sha256(
            json.dumps([self.facts.fingerprint, sorted(series["Instances"])]).encode()
        ).hexdigest()
        return (marker["state"], marker["key"]) == ("done", key)
