"""Scans that were given up: list them, and have them tried again."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from taskgan_ext.clinical.worker.claim import CHANGED, read_marker
from taskgan_ext.clinical.worker.marker import DONE_NAME, Marker, State
from taskgan_ext.clinical.worker.orthanc import Orthanc, OrthancError
from taskgan_ext.clinical.worker.scan_unit import PAGE, SERIES, STUDIES

COUNTS = {SERIES: "CountSeries", STUDIES: "CountStudies"}


@dataclass(frozen=True)
class DeadLetter:
    """A scan that was given up.

    Attributes:
        level: ``series`` or ``studies``.
        id: of Orthanc.
        marker: tells why.
        etag: of the marker.
    """

    level: str
    id: str
    marker: Marker
    etag: str


def dead_letters(orthanc: Orthanc) -> Iterator[DeadLetter]:
    """Find the scans that were given up.

    Args:
        orthanc: where to look.

    Raises:
        OrthancError: Orthanc refuses a call.
        UnreachableError: Orthanc does not answer.
    """
    for level, name in COUNTS.items():
        for start in range(0, int(orthanc.get("/statistics")[name]), PAGE):
            for id_ in orthanc.get(f"/{level}?since={start}&limit={PAGE}"):
                marker, etag = read_marker(orthanc, f"/{level}/{id_}")
                if marker.state is State.FAILED:
                    yield DeadLetter(level, str(id_), marker, etag)


def requeue(orthanc: Orthanc, letter: DeadLetter) -> bool:
    """Have a scan tried again, as if nothing had failed.

    The marker stays, without its failures: it knows what was made of earlier images.

    Args:
        orthanc: where it is.
        letter: as it was found.

    Returns:
        Whether it was still as it was found.

    Raises:
        OrthancError: Orthanc refuses a call.
        UnreachableError: Orthanc does not answer.
    """
    free = Marker(derived=letter.marker.derived, old=letter.marker.old, key=letter.marker.key)
    try:
        orthanc.call(
            "PUT", f"/{letter.level}/{letter.id}/metadata/{DONE_NAME}", free.to_bytes(), match=letter.etag
        )
    except OrthancError as error:
        if error.status == HTTPStatus.NOT_FOUND or error.status in CHANGED:
            return False
        raise
    return True
