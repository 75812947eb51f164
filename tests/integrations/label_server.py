"""A MONAI Label server on loopback, in the environment of its own, and what a client asks of it."""

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
INTEGRATION = REPOSITORY / "integrations" / "monailabel"
START_S, REQUEST_S, TRAINING_S = 180, 120, 300


def label_python() -> Path | None:
    """The Python of the environment that ``make_environment.sh`` makes, if it is there."""
    named = os.environ.get("TASKGAN_LABEL_PYTHON")
    path = Path(named) if named else REPOSITORY / ".venv-label" / "bin" / "python"
    return path if path.is_file() else None


@dataclass(frozen=True)
class Answer:
    """Status and content of an answer."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class LabelServer:
    """A running server.

    Attributes:
        url: address, on loopback.
        app: folder of the app, with bundles below ``model/``.
        studies: folder of the images.
        log: file with what the server prints.
    """

    url: str
    app: Path
    studies: Path
    log: Path

    def request(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answer:
        headers = {"Content-Type": kind} if kind else {}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_S) as answer:
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read())

    def infer(
        self,
        model: str,
        image: str = "",
        file: Path | None = None,
        output: str = "image",
        params: dict[str, Any] | None = None,
    ) -> Answer:
        """Ask for a restored image, of an image of the studies or of a file that is sent."""
        query = urllib.parse.urlencode({"output": output, "image": image})
        boundary = uuid.uuid4().hex
        parts = [_part("params", json.dumps(params or {}).encode())]
        if file is not None:
            parts.append(_part("file", file.read_bytes(), file.name))
        lines = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
        body = lines + b"--%s--\r\n" % boundary.encode()
        return self.request(
            "POST", f"/infer/{model}?{query}", body, f"multipart/form-data; boundary={boundary}"
        )

    def train(self, model: str, **params: Any) -> dict[str, Any]:
        """Train, and give the state in which the training ended."""
        body = json.dumps({"device": "cpu", **params}).encode()
        started = self.request("POST", f"/train/{model}", body, "application/json")
        assert started.status == 200, started
        return self.finished("/train/")

    def finished(self, task: str) -> dict[str, Any]:
        """Wait for the last task of a kind, and give its state."""
        deadline = time.monotonic() + TRAINING_S
        while time.monotonic() < deadline:
            state = self.request("GET", task).json
            if state["status"] in {"DONE", "ERROR"}:
                return state
            time.sleep(0.5)
        raise TimeoutError(self.log.read_text(encoding="utf-8")[-3000:])


@contextlib.contextmanager
def running_server(python: Path, app: Path, studies: Path, *settings: str) -> Iterator[LabelServer]:
    """Start the server, wait until it answers, and stop it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = app / "server.txt"
    command = [python, "-m", "monailabel.main", "start_server", "--app", app, "--studies", studies]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"OMP_NUM_THREADS": "1", "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    with log.open("w") as stream:
        process = subprocess.Popen(
            [*map(str, command), "--host", "127.0.0.1", "--port", str(port), *settings],
            cwd=app,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        server = LabelServer(f"http://127.0.0.1:{port}", app, studies, log)
        try:
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)


def _wait(server: LabelServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            if server.request("GET", "/info/").status == 200:
                return
        time.sleep(0.3)
    raise RuntimeError(server.log.read_text(encoding="utf-8")[-3000:])


def _part(name: str, content: bytes, file: str = "") -> bytes:
    named = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
    return named.encode() + b"\r\n\r\n" + content
