"""Where derived series go besides: a DICOM node or another Orthanc, which Orthanc sends them to."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self
from urllib.parse import quote

from taskgan_ext.clinical.worker.faults import Failure, Postponed
from taskgan_ext.clinical.worker.orthanc import Orthanc, OrthancError
from taskgan_ext.errors import ConfigError

KINDS = {"modality": "modalities", "peer": "peers"}
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Destination:
    """A node that the configuration of Orthanc names.

    Attributes:
        kind: ``modalities`` (DICOM) or ``peers`` (Orthanc).
        name: in the configuration of Orthanc.
        timeout: seconds that a series may take.
    """

    kind: str
    name: str
    timeout: float

    @classmethod
    def from_text(cls, text: str, timeout: float) -> Self:
        """Read ``modality:NAME`` or ``peer:NAME``.

        Args:
            text: to read.
            timeout: seconds that a series may take.

        Raises:
            ConfigError: it is something else.
        """
        kind, _, name = text.partition(":")
        if kind not in KINDS or not name:
            raise ConfigError("--send-to: expected modality:NAME or peer:NAME, got something else")
        return cls(KINDS[kind], name, timeout)

    def check(self, orthanc: Orthanc) -> None:
        """Check that Orthanc knows it.

        Args:
            orthanc: that sends.

        Raises:
            ConfigError: it does not.
        """
        known = orthanc.get(f"/{self.kind}")
        if self.name not in known:
            raise ConfigError(
                f"--send-to: expected one of Orthanc's {self.kind} ({', '.join(map(str, known)) or 'none'}), "
                f"got {self.name!r}"
            )

    def send(self, orthanc: Orthanc, series: Sequence[str], tick: Callable[[], None]) -> None:
        """Have series sent, and wait until the destination has taken all images.

        Args:
            orthanc: that sends.
            series: identifiers.
            tick: called while it waits; what it raises ends the waiting.

        Raises:
            Postponed: the destination does not answer, or takes too long.
            Failure: it answers, and does not take the images.
        """
        request = {"Resources": list(series), "Synchronous": False, "Permissive": False}
        made = orthanc.post(f"/{self.kind}/{quote(self.name, safe='')}/store", request)
        job = f"/jobs/{made['ID']}"
        begun = time.monotonic()
        while (state := self._state(orthanc, job)) != "Success":
            if state == "Failure":
                self._tell_why(orthanc)
            if time.monotonic() - begun > self.timeout:
                self._cancel(orthanc, job)
                raise Postponed("destination_slow")
            tick()
            time.sleep(LOOK_SECONDS)

    def _state(self, orthanc: Orthanc, job: str) -> str:
        try:
            return str(orthanc.get(job)["State"])
        except OrthancError as error:
            if error.status == HTTPStatus.NOT_FOUND:  # Orthanc was killed and has forgotten
                raise Postponed("destination_unknown") from None
            raise

    def _tell_why(self, orthanc: Orthanc) -> None:
        name = quote(self.name, safe="")
        try:
            if self.kind == "peers":
                orthanc.get(f"/peers/{name}/system")
            else:
                orthanc.call("POST", f"/modalities/{name}/echo", b"{}")
        except OrthancError:
            raise Postponed("destination_down") from None
        raise Failure("destination_refused")

    def _cancel(self, orthanc: Orthanc, job: str) -> None:
        try:
            orthanc.call("POST", f"{job}/cancel", b"")
        except OrthancError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
