"""The configuration of Orthanc that is shipped lets in whom it names, and nobody else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from orthanc_certificates import make_authority, make_certificate, needs_openssl
from orthanc_server import PASSWORD, USER, OrthancServer, needs_dcmtk, needs_orthanc
from worker_scans import pet_series, storescu

from taskgan_ext.clinical.worker.marker import DONE_NAME, SUPERSEDED_NAME

SHIPPED = Path(__file__).parents[4] / "integrations" / "orthanc" / "orthanc.json"

pytestmark = [needs_orthanc, needs_openssl]


class TlsServer(OrthancServer):
    """Orthanc as it is shipped, on ports and with certificates of the test."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tls = folder / "tls"
        authority = make_authority(self.tls)
        for name in ("dicom", "scanner"):
            make_certificate(self.tls, name, authority)
        stranger = make_authority(folder / "foreign", "foreign")
        make_certificate(folder / "foreign", "stranger", stranger)
        places: dict[str, Any] = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "HttpPort": self.http_port,
            "DicomPort": self.dicom_port,
            "DicomTlsCertificate": str(self.tls / "dicom.crt"),
            "DicomTlsPrivateKey": str(self.tls / "dicom.key"),
            "DicomTlsTrustedCertificates": str(authority),
        }
        self.settings = json.loads(SHIPPED.read_text(encoding="utf-8")) | places


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    """Orthanc as it is shipped."""
    found = TlsServer(tmp_path_factory.mktemp("shipped"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKGAN_ORTHANC_PASSWORD", PASSWORD)
        try:
            found.start()
            yield found
        finally:
            found.stop()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two images of a series."""
    return pet_series(tmp_path_factory.mktemp("images"), 0)[:2]


def as_client(folder: Path, name: str, authority: Path) -> list[str]:
    """Options of DCMTK for TLS."""
    return ["+tls", str(folder / f"{name}.key"), str(folder / f"{name}.crt"), "+cf", str(authority)]


@needs_dcmtk
@pytest.mark.parametrize(
    ("calling", "called", "how", "lets_in"),
    [
        ("SCANNER", "TASKGAN", "tls", True),
        ("STRANGER", "TASKGAN", "tls", False),
        ("ARCHIVE", "TASKGAN", "tls", False),
        ("SCANNER", "ORTHANC", "tls", False),
        ("SCANNER", "TASKGAN", "plain", False),
        ("SCANNER", "TASKGAN", "foreign", False),
        ("SCANNER", "TASKGAN", "anonymous", False),
    ],
)
def test_only_named_nodes_with_a_certificate_of_the_house_may_store(
    server: TlsServer, images: list[Path], calling: str, called: str, how: str, lets_in: bool
) -> None:
    authority = server.tls / "ca.crt"
    options = {
        "tls": as_client(server.tls, "scanner", authority),
        "plain": [],
        "foreign": as_client(server.folder / "foreign", "stranger", authority),
        "anonymous": ["+tla", "+cf", str(authority)],
    }[how]
    client = server.client()
    before = client.get("/statistics")["CountInstances"]
    status = storescu(server.dicom_port, images, *options, calling=calling, called=called)
    stored = client.get("/statistics")["CountInstances"] - before
    assert (status == 0, stored) == (lets_in, len(images) if lets_in else 0)
    for patient in client.get("/patients"):
        client.call("DELETE", f"/patients/{patient}")
    client.close()


def test_the_worker_finds_there_what_it_needs(server: TlsServer, images: list[Path]) -> None:
    client = server.client()
    assert client.get("/system")["CheckRevisions"] is True
    assert "archive" in client.get("/modalities")
    series = client.call("POST", "/instances", images[0].read_bytes()).json()["ParentSeries"]
    for name in (DONE_NAME, SUPERSEDED_NAME):
        client.call("PUT", f"/series/{series}/metadata/{name}", b"x")
        assert client.call("GET", f"/series/{series}/metadata/{name}").body == b"x"
    client.call("DELETE", f"/patients/{client.get('/patients')[0]}")
    client.close()


def test_the_file_names_no_password_and_leaves_no_door_open() -> None:
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    assert shipped["RegisteredUsers"] == {USER: "${TASKGAN_ORTHANC_PASSWORD}"}
    doors = [name for name in shipped if name.startswith("DicomAlwaysAllow")]
    assert len(doors) == 5
    assert not any(shipped[name] for name in (*doors, "RemoteAccessAllowed", "OverwriteInstances"))
