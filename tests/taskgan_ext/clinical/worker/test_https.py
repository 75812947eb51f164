"""Over https the worker talks to whom it trusts, and shows its own certificate.

A server of the standard library stands where a site has its proxy: Debian's Orthanc 1.10.1 ends with a
segmentation fault at the first https request.
"""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from orthanc_certificates import make_authority, make_certificate, needs_openssl

from taskgan_ext.clinical.worker.connection import Connection
from taskgan_ext.clinical.worker.orthanc import Orthanc, UnreachableError
from taskgan_ext.errors import ConfigError

pytestmark = needs_openssl


class Proxy(BaseHTTPRequestHandler):
    """Answers as a proxy in front of Orthanc does."""

    def do_GET(self) -> None:
        content = b'{"path": "%s"}' % self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class QuietServer(ThreadingHTTPServer):
    """Says nothing of callers that it refuses."""

    def handle_error(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with certificates of the house, and of strangers."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("house", "foreign"):
        authority = make_authority(folder, name)
        make_certificate(folder, f"{name}-worker", authority)
    make_certificate(folder, "server", folder / "house.crt")
    return folder


@pytest.fixture(scope="module")
def url(house: Path) -> Iterator[str]:
    """A server that takes callers with a certificate of the house."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # With 1.3 a refusal reaches the caller only after its request.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(house / "server.pem")
    context.load_verify_locations(house / "house.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    server = QuietServer(("127.0.0.1", 0), Proxy)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}/pacs/"
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)


def test_a_path_in_front_of_the_interface_is_kept(url: str, house: Path) -> None:
    client = Orthanc(
        Connection(url, ca_file=house / "house.crt", client_certificate=house / "house-worker.pem")
    )
    assert client.get("/system") == {"path": "/pacs/system"}
    client.close()


@pytest.mark.parametrize(
    ("authority", "certificate"),
    [
        (None, "house-worker.pem"),
        ("foreign.crt", "house-worker.pem"),
        ("house.crt", None),
        ("house.crt", "foreign-worker.pem"),
    ],
)
def test_without_the_right_certificates_there_is_no_answer(
    url: str, house: Path, authority: str | None, certificate: str | None
) -> None:
    files = [None if name is None else house / name for name in (authority, certificate)]
    client = Orthanc(Connection(url, ca_file=files[0], client_certificate=files[1]))
    with pytest.raises(UnreachableError, match="expected Orthanc at https"):
        client.get("/system")
    client.close()


def test_certificates_that_cannot_be_read_are_named(house: Path) -> None:
    with pytest.raises(ConfigError, match="expected certificates and a key in PEM"):
        Orthanc(Connection("https://127.0.0.1", ca_file=house / "absent.crt"))
