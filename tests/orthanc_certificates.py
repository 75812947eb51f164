"""Certificates for tests, of an authority that lives as long as the test."""

import shutil
import subprocess
from pathlib import Path

import pytest

OPENSSL = shutil.which("openssl") or ""
needs_openssl = pytest.mark.skipif(not OPENSSL, reason="needs openssl (Debian: apt install openssl)")


def make_authority(folder: Path, name: str = "ca") -> Path:
    """A key and a certificate that signs others; the certificate."""
    folder.mkdir(parents=True, exist_ok=True)
    _openssl(
        "req",
        "-x509",
        *_new_key(folder, name),
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
        "-out",
        folder / f"{name}.crt",
    )
    return folder / f"{name}.crt"


def make_certificate(folder: Path, name: str, authority: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, also together in one file ``NAME.pem``."""
    request, certificate, key = (folder / f"{name}.{suffix}" for suffix in ("csr", "crt", "key"))
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    _openssl("req", *_new_key(folder, name), "-subj", f"/CN={name}", "-out", request)
    _openssl(
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        authority,
        "-CAkey",
        authority.with_suffix(".key"),
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        extensions,
        "-out",
        certificate,
    )
    (folder / f"{name}.pem").write_bytes(certificate.read_bytes() + key.read_bytes())
    return certificate, key


def _new_key(folder: Path, name: str) -> list[object]:
    return ["-newkey", "rsa:2048", "-nodes", "-keyout", folder / f"{name}.key"]


def _openssl(*words: object) -> None:
    subprocess.run([OPENSSL, *map(str, words)], check=True, capture_output=True, timeout=60)
