"""``/healthz`` and ``/metrics``, for a supervisor and for Prometheus."""

import contextlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from taskgan_ext.clinical.worker.worker_status import WorkerStatus
from taskgan_ext.errors import ConfigError


class _Handler(BaseHTTPRequestHandler):
    timeout = 5
    """Seconds that a caller may keep a thread."""

    def __init__(self, status: WorkerStatus, *arguments: Any) -> None:  # noqa: ANN401 - of the server
        self.status = status
        super().__init__(*arguments)

    def do_GET(self) -> None:
        if self.path == "/healthz":
            healthy, facts = self.status.healthy()
            code = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(code, "application/json", json.dumps({"healthy": healthy, **facts}))
        elif self.path == "/metrics":
            self._answer(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", self.status.metrics())
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "expected /healthz or /metrics\n")

    def log_message(self, *_: object) -> None:
        """Say nothing: the log is for audit lines."""

    def _answer(self, code: HTTPStatus, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextlib.contextmanager
def health_server(address: tuple[str, int], status: WorkerStatus) -> Iterator[int]:
    """Answer while the block runs.

    Args:
        address: and port to listen on; port 0 for a free one.
        status: what to tell.

    Yields:
        The port.

    Raises:
        ConfigError: the port is taken.
    """
    try:
        server = ThreadingHTTPServer(address, partial(_Handler, status))
    except OSError as error:
        raise ConfigError(
            f"--health: expected a free port, {address[0]}:{address[1]} is not ({error.strerror})"
        ) from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
