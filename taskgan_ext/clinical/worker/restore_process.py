"""The worker's hold on the process that restores."""

import contextlib
import errno
import hashlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.worker.faults import Failure, Left, Postponed
from taskgan_ext.clinical.worker.stop import Stop
from taskgan_ext.clinical.worker.worker_status import WorkerStatus
from taskgan_ext.errors import BundleError

TICK = 0.5
"""Seconds between two looks at the clock."""
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
END_SECONDS = 10


@dataclass(frozen=True)
class BundleFacts:
    """What the worker knows of the bundle, which only the other process has loaded.

    Attributes:
        name: of the bundle.
        version: of the bundle.
        weights: SHA-256.
        table: SHA-256 of its manifest, or without one of ``clinical.json``.
        modality: ``PT`` or ``MR``.
    """

    name: str
    version: str
    weights: str
    table: str
    modality: str

    @property
    def fingerprint(self) -> str:
        """Changes with anything that may change the result."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class RestoreProcess:
    """Restores folders in a process of its own, which can crash, hang or eat memory without harm.

    Args:
        options: how to restore.
        folder: private, for temporary files of the process.
        timeout: seconds that one scan may take.
        memory_bytes: that one scan may need beyond the loaded bundle; 0 for any.
        stop: ends a scan that is under way when the moment to finish is over.
        status: counts the starts of the process.
    """

    def __init__(
        self,
        options: ProcessOptions,
        folder: Path,
        timeout: float,
        memory_bytes: int,
        stop: Stop,
        status: WorkerStatus,
    ) -> None:
        self.options, self.folder, self.timeout, self.memory_bytes = options, folder, timeout, memory_bytes
        self.stop, self.status = stop, status
        self._process: subprocess.Popen[bytes] | None = None
        self._facts: BundleFacts | None = None
        self._rest = b""

    def facts(self) -> BundleFacts:
        """What bundle it is; loads it the first time.

        Raises:
            BundleError: it cannot be opened; the message is that of ``open_bundle``.
            Failure: the process ended while it loaded.
            Left: the worker has to stop.
        """
        if self._facts is None:
            self._facts = self._start()
        return self._facts

    def restore(self, in_dir: Path, out_dir: Path, tick: Callable[[], None]) -> dict[str, Any]:
        """Restore a folder.

        Args:
            in_dir: of ``process_folder``.
            out_dir: of ``process_folder``.
            tick: called twice a second; what it raises ends the scan.

        Returns:
            Content of ``result.json``.

        Raises:
            Failure: the scan took too long, ended the process, or led to a fault.
            Postponed: the disk is full.
            Left: the worker has to stop.
        """
        if self._process is None:
            self._facts = self._start()
        try:
            self._say({"in": str(in_dir), "out": str(out_dir)})
            answer = self._hear(tick)
        except BaseException:
            self.end()
            raise
        if "result" in answer:
            return dict(answer["result"])
        if answer.get("errno") in DISK_FULL:
            raise Postponed("disk_full")
        raise Failure(f"fault {answer.get('fault')} at {answer.get('place')}")

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._process.wait(END_SECONDS)
        self._process, self._rest = None, b""

    def _start(self) -> BundleFacts:
        self.end()
        self.status.count("process_starts_total")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "taskgan_ext.clinical.worker.restore_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(self.folder)},
            # A signal to the group is the worker's to answer.
            start_new_session=True,
        )
        options = {**vars(self.options), "bundle": str(self.options.bundle.absolute()), "now": None}
        try:
            self._say({"options": options, "memory_bytes": self.memory_bytes})
            answer = self._hear(lambda: None)
        except BaseException:
            self.end()
            raise
        if "error" in answer:
            self.end()
            raise BundleError(str(answer["error"]))
        return BundleFacts(**answer["bundle"])

    def _say(self, content: Mapping[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the missing answer tells
            self._process.stdin.write(json.dumps(content).encode() + b"\n")
            self._process.stdin.flush()

    def _hear(self, tick: Callable[[], None]) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        pipe, begun = self._process.stdout.fileno(), time.monotonic()
        while b"\n" not in self._rest:
            if self.stop.is_at_once():
                raise Left("stopping")
            if time.monotonic() - begun > self.timeout:
                raise Failure("timeout")
            tick()
            if select.select([pipe], [], [], TICK)[0]:
                piece = os.read(pipe, 2**16)
                if not piece:
                    raise Failure(self._how_it_ended())
                self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return dict(json.loads(line))

    def _how_it_ended(self) -> str:
        assert self._process is not None
        try:
            status = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return "crash"
        return f"crash by signal {-status}" if status < 0 else f"crash with exit status {status}"
