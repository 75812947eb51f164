"""Where Orthanc is and who the worker is there."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from taskgan_ext.errors import ConfigError

USER_VARIABLE, PASSWORD_VARIABLE = "TASKGAN_ORTHANC_USER", "TASKGAN_ORTHANC_PASSWORD"


@dataclass(frozen=True)
class Connection:
    """How to reach the REST interface of Orthanc.

    Attributes:
        url: such as ``https://pacs.example:8042``; a path in front of the interface is kept.
        user: of RegisteredUsers; empty for none.
        password: of the user.
        ca_file: certificates to trust (PEM) instead of those of the system.
        client_certificate: of the worker (PEM), with its key in the same file or in ``client_key``.
        client_key: of the worker (PEM).
        timeout: seconds that any single answer may take to begin or to go on.

    Raises:
        ConfigError: the address is none of http or https, or holds a password.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    timeout: float = 15.0

    def __post_init__(self) -> None:
        parts = self.parts
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                "--orthanc: expected an address such as http://127.0.0.1:8042, got something else"
            )
        if "@" in parts.netloc:
            raise ConfigError(
                f"--orthanc: expected an address without a password, which every user of the machine could "
                f"read; set {USER_VARIABLE} and {PASSWORD_VARIABLE}, or give --credentials"
            )

    @property
    def parts(self) -> SplitResult:
        """Of the address."""
        return urlsplit(self.url)

    @property
    def is_open(self) -> bool:
        """Whether others on the network can read along."""
        host = str(self.parts.hostname)
        try:
            near = ip_address(host).is_loopback
        except ValueError:
            near = host == "localhost"
        return self.parts.scheme == "http" and not near

    def tls(self) -> ssl.SSLContext | None:
        """Make what an https connection needs; the name of the server is always checked.

        Raises:
            ConfigError: a certificate or key cannot be read.
        """
        if self.parts.scheme != "https":
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.client_certificate is not None:
                context.load_cert_chain(self.client_certificate, self.client_key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"expected certificates and a key in PEM at {self.ca_file}, {self.client_certificate} and "
                f"{self.client_key}, but they cannot be read ({error})"
            ) from None
        return context


def read_credentials(file: Path | None, environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Read name and password of the worker.

    Args:
        file: one line ``USER:PASSWORD``; ``None`` for the environment.
        environment: asked for ``TASKGAN_ORTHANC_USER`` and ``TASKGAN_ORTHANC_PASSWORD``.

    Returns:
        Both, or two empty texts.

    Raises:
        ConfigError: the file cannot be read or holds something else.
    """
    if file is None:
        return environment.get(USER_VARIABLE, ""), environment.get(PASSWORD_VARIABLE, "")
    try:
        user, colon, password = file.read_text(encoding="utf-8").strip("\r\n").partition(":")
    except (OSError, UnicodeDecodeError):
        user = colon = password = ""
    if not (user and colon) or "\n" in password:
        raise ConfigError(f"--credentials: expected one line USER:PASSWORD in {file}, found none")
    return user, password
