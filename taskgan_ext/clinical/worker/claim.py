"""The hold of one worker on one unit."""

from dataclasses import replace
from http import HTTPStatus

from taskgan_ext.clinical.worker.faults import Left
from taskgan_ext.clinical.worker.marker import DONE_NAME, SUPERSEDED_NAME, Marker, State
from taskgan_ext.clinical.worker.orthanc import Orthanc, OrthancError
from taskgan_ext.errors import ConfigError

CHANGED = {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}
UNKNOWN_NAME = 7
"""Code of Orthanc for metadata that its configuration does not name; a series that is gone has another."""
NOBODY = "-".join(["00000000"] * 5)
"""No identifier of Orthanc: they are SHA-1 sums."""


def check_names(orthanc: Orthanc) -> None:
    """Check that Orthanc knows the names of what the worker writes.

    Args:
        orthanc: to ask.

    Raises:
        ConfigError: it does not.
        OrthancError: Orthanc refuses the call.
    """
    for name in (DONE_NAME, SUPERSEDED_NAME):
        try:
            orthanc.call("GET", f"/series/{NOBODY}/metadata/{name}")
        except OrthancError as error:
            _check_known(error)
            if error.status != HTTPStatus.NOT_FOUND:
                raise


def read_marker(orthanc: Orthanc, path: str) -> tuple[Marker, str]:
    """Read the marker of a unit.

    Args:
        orthanc: where it is.
        path: of the unit.

    Returns:
        The marker, and its ETag; empty where there is none.
    """
    try:
        answer = orthanc.call("GET", f"{path}/metadata/{DONE_NAME}")
    except OrthancError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return Marker(), ""
        raise
    return Marker.from_bytes(answer.body), answer.etag


class Claim:
    """Writes the marker of a unit, each time only where nobody else has written since.

    Orthanc compares and writes in one step where CheckRevisions is set. Where it is not, two workers can
    overwrite each other's marker: work is done twice then, and a series that was superseded at that very
    moment can miss its mark.

    Args:
        orthanc: where it is.
        path: of the unit.
        marker: as it was read.
        etag: as it was read.
    """

    def __init__(self, orthanc: Orthanc, path: str, marker: Marker, etag: str) -> None:
        self.orthanc, self.path, self.marker, self._etag = orthanc, path, marker, etag

    def take(self, key: str, worker: str) -> None:
        """Say that the work on these images begins.

        What was made of other images is old from now on.

        Args:
            key: of images and bundle.
            worker: who writes.

        Raises:
            Left: another worker was faster, or the unit is gone.
        """
        before = self.marker
        same = before.key == key
        self.write(
            Marker(
                State.WORKING,
                key,
                attempts=before.attempts if same else 0,
                worker=worker,
                derived=before.derived if same else (),
                old=before.old if same else tuple(sorted({*before.old, *before.derived})),
            )
        )

    def announce(self, derived: set[str]) -> None:
        """Name what will be stored, before the first image is.

        Args:
            derived: SeriesInstanceUID of each.

        Raises:
            Left: another worker has taken over, or the unit is gone.
        """
        old = {*self.marker.old, *self.marker.derived} - derived
        self.write(replace(self.marker, derived=tuple(sorted(derived)), old=tuple(sorted(old))))

    def beat(self) -> None:
        """Show that the worker is at it.

        Raises:
            Left: another worker has taken over, or the unit is gone.
        """
        self.write(replace(self.marker, beat=self.marker.beat + 1))

    def write(self, marker: Marker) -> None:
        """Write a marker.

        Args:
            marker: in place of the one that is there.

        Raises:
            Left: another one is there, or the unit is gone.
            ConfigError: Orthanc does not know its name.
        """
        try:
            address = f"{self.path}/metadata/{DONE_NAME}"
            self.orthanc.call("PUT", address, marker.to_bytes(), match=self._etag)
            # Read back: Orthanc's own database gives another ETag to the writer than to readers.
            found = self.orthanc.call("GET", address)
        except OrthancError as error:
            if error.status in CHANGED:
                raise Left("taken") from None
            _check_known(error)
            if error.status == HTTPStatus.NOT_FOUND:
                raise Left("gone") from None
            raise
        if found.body != marker.to_bytes():
            raise Left("taken")
        self.marker, self._etag = marker, found.etag


def _check_known(error: OrthancError) -> None:
    if error.code == UNKNOWN_NAME:
        raise ConfigError(
            f"expected UserMetadata of Orthanc's configuration to name {DONE_NAME} and {SUPERSEDED_NAME}, it "
            "does not; see integrations/orthanc/orthanc.json"
        ) from None
