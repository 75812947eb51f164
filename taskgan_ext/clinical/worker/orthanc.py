"""The few calls of Orthanc's REST interface that the worker makes."""

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from taskgan_ext.clinical.worker.connection import PASSWORD_VARIABLE, USER_VARIABLE, Connection
from taskgan_ext.errors import TaskGANError

MAX_ANSWER_BYTES = 64 * 2**20
"""Of JSON: a page of series with all their instances."""
MAX_FILE_BYTES = 640 * 2**20
"""Of one image; the reader takes no larger one."""
CHUNK = 2**20
CANNOT_WRITE = {11, 14, 19, *range(1000, 1014)}
"""Codes of Orthanc: fault of the database, cannot write to file, storage is full, faults of SQLite. Orthanc
1.10.1 gives 14 where the disk of the images is full, and 1009 where that of the index is."""


class OrthancError(TaskGANError):
    """Orthanc answered, and not with success.

    Args:
        status: of HTTP.
        what: the call, without names of patients.
        code: of Orthanc's own list, where it gave one.
    """

    def __init__(self, status: int, what: str, code: int = 0) -> None:
        super().__init__(f"Orthanc answered {what} with HTTP status {status}")
        self.status, self.code = status, code


class CredentialsError(OrthancError):
    """Orthanc refuses the name, the password or the rights of the worker."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(status, what)
        self.args = (
            f"Orthanc refuses the worker (HTTP status {status} to {what}): expected a name and a password of "
            f"its RegisteredUsers in {USER_VARIABLE} and {PASSWORD_VARIABLE} or in the file of --credentials",
        )


class StorageFullError(OrthancError):
    """Orthanc cannot write: its disk is full, or its database has another fault of that kind."""


class UnreachableError(TaskGANError):
    """There is no answer from Orthanc."""


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        body: of the answer.
        etag: of what was read or written; empty where there is none.
    """

    body: bytes
    etag: str = ""

    def json(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """The body, parsed."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise UnreachableError(
                "expected JSON from Orthanc, got something else; is it the right address?"
            ) from None


class Orthanc:
    """A client for one thread; its connection is opened again when it was lost.

    All calls may be repeated: what they write is the same the second time.

    Args:
        connection: where and who.

    Raises:
        ConfigError: certificates cannot be read.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._tls = connection.tls()
        self._http: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Read JSON."""
        return self.call("GET", path).json()

    def post(self, path: str, content: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Send JSON and read JSON."""
        return self.call("POST", path, json.dumps(content).encode()).json()

    def call(self, method: str, path: str, body: bytes | None = None, match: str = "") -> Answer:
        """Make a call.

        Args:
            method: of HTTP.
            path: begins with a slash.
            body: to send.
            match: ETag that what is there must have.

        Raises:
            CredentialsError: Orthanc refuses the worker.
            StorageFullError: Orthanc cannot write.
            OrthancError: any other status than success.
            UnreachableError: there is no answer.
        """
        response = self._send(method, path, body, {"If-Match": match} if match else {})
        content = self._read(response, MAX_ANSWER_BYTES)
        _check(response.status, content, f"{method} /{path.split('/')[1].partition('?')[0]}")
        return Answer(content, (response.getheader("ETag") or "").strip('"'))

    def download(self, path: str, file: Path) -> None:
        """Copy what lies at a path to a file.

        Raises:
            CredentialsError: Orthanc refuses the worker.
            OrthancError: any other status than success, or more than the largest image.
            UnreachableError: there is no answer, or not all of it.
            OSError: the file cannot be written.
        """
        response = self._send("GET", path, None, {})
        if response.status != http.HTTPStatus.OK:
            _check(response.status, self._read(response, MAX_ANSWER_BYTES), "GET of a file")
        if int(response.getheader("Content-Length") or 0) > MAX_FILE_BYTES:
            self.close()
            raise OrthancError(http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "GET of a file")
        try:
            with file.open("wb") as target:
                while chunk := self._read(response, CHUNK, whole=False):
                    target.write(chunk)
        except BaseException:
            self.close()  # the rest of the answer would be taken for the next one
            raise

    def hurry(self, seconds: float) -> None:
        """From now on wait for an answer no longer than this.

        Args:
            seconds: that it may take to begin or to go on.
        """
        self.connection = replace(self.connection, timeout=min(seconds, self.connection.timeout))
        if self._http is not None and self._http.sock is not None:
            self._http.sock.settimeout(self.connection.timeout)

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        parts = self.connection.parts
        headers = dict(headers)
        if self.connection.user:
            pair = f"{self.connection.user}:{self.connection.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        # An open connection may have been closed by Orthanc a moment ago; a new one may not.
        for again in (self._http is not None, False):
            try:
                self._http = self._http or self._open()
                self._http.request(method, f"{parts.path.rstrip('/')}{path}", body, headers)
                return self._http.getresponse()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                # One that was silent for so long is asked no second time.
                if not again or isinstance(error, TimeoutError):
                    raise UnreachableError(
                        f"expected Orthanc at {parts.scheme}://{parts.netloc}, got no answer "
                        f"({type(error).__name__})"
                    ) from None
        raise AssertionError("the last round returns or raises")

    def _open(self) -> http.client.HTTPConnection:
        parts, timeout = self.connection.parts, self.connection.timeout
        host = str(parts.hostname)
        if self._tls is not None:
            return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)

    def _read(self, response: http.client.HTTPResponse, most: int, whole: bool = True) -> bytes:
        try:
            content = response.read(most)
            if whole and not response.isclosed() and response.read(1):
                raise OSError("the answer is larger than any that is expected")
            return content
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise UnreachableError(f"expected the whole answer of Orthanc, it broke off ({error})") from None


def _check(status: int, content: bytes, what: str) -> None:
    if status in {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}:
        raise CredentialsError(status, what)
    if not 200 <= status < 300:
        try:
            code = int(json.loads(content)["OrthancStatus"])
        except (ValueError, KeyError, TypeError):
            code = 0
        full = code in CANNOT_WRITE or status == http.HTTPStatus.INSUFFICIENT_STORAGE
        raise (StorageFullError if full else OrthancError)(status, what, code)
