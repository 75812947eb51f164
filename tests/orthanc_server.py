"""A real Orthanc on free ports of this machine, with a storage folder of its own, stopped in any case."""

import contextlib
import json
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskgan_ext.clinical.worker.connection import Connection
from taskgan_ext.clinical.worker.orthanc import Orthanc, UnreachableError

PROGRAM = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") or ""
STORESCU, ECHOSCU = "/usr/bin/storescu", "/usr/bin/echoscu"
"""DCMTK's by absolute path: pynetdicom installs others of the same names."""
START_SECONDS, STOP_SECONDS = 90, 30
USER, PASSWORD = "worker", "not-a-secret"
METADATA = {"taskgan-done": 1024, "taskgan-superseded": 1025}

needs_orthanc = pytest.mark.skipif(not PROGRAM, reason="needs Orthanc (Debian: apt install orthanc)")
needs_dcmtk = pytest.mark.skipif(
    not Path(STORESCU).exists(), reason="needs DCMTK (Debian: apt install dcmtk)"
)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class OrthancServer:
    """Orthanc with the settings of tests, and those that a test adds.

    It may be killed and started again; ports and storage stay.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.http_port, self.dicom_port = free_port(), free_port()
        self.settings = {
            "Name": "test",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "HttpPort": self.http_port,
            "DicomPort": self.dicom_port,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {USER: PASSWORD},
            "StableAge": 1,
            "OverwriteInstances": False,
            "UserMetadata": METADATA,
            "DicomModalities": {},
            "Plugins": [],
        } | settings
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")

    def connection(self, **changed: Any) -> Connection:
        return Connection(**{"url": self.url, "user": USER, "password": PASSWORD} | changed)

    def client(self) -> Orthanc:
        return Orthanc(self.connection())

    def start(self) -> None:
        """Start, and wait until it answers."""
        config = self.folder / "orthanc.json"
        config.write_text(json.dumps(self.settings, indent=2), encoding="utf-8")
        with (self.folder / "log.txt").open("ab") as log:
            # SIGXFSZ stays ignored, as Python has it: under a limit, writing fails as it does on a full disk.
            self.process = subprocess.Popen(
                [PROGRAM, str(config)], stdout=log, stderr=log, restore_signals=False
            )
        end = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(UnreachableError), contextlib.closing(self.client()) as client:
                client.get("/system")
                return
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"Orthanc did not start: {self.log[-2000:]}")
            time.sleep(0.1)

    def is_running(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    def fill_disk(self, full: bool) -> None:
        """Let it write no byte to any file, or as many as it likes; Linux only."""
        assert self.process is not None
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (0 if full else hard, hard))

    def stop(self) -> None:
        """End it in good order, or by force."""
        if self.process is not None and self.is_running():
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()


@contextlib.contextmanager
def running(folder: Path, **settings: Any) -> Iterator[OrthancServer]:
    """A server while the block runs."""
    server = OrthancServer(folder, **settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()
