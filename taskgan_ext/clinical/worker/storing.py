"""Move images between Orthanc and a folder, and look whether they arrived."""

import errno
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from pathlib import Path

from pydicom import dcmread

from taskgan_ext.clinical.worker.faults import Failure, Left, Postponed
from taskgan_ext.clinical.worker.marker import SUPERSEDED_NAME
from taskgan_ext.clinical.worker.orthanc import CredentialsError, Orthanc, OrthancError, StorageFullError
from taskgan_ext.clinical.worker.restore_process import DISK_FULL

ACCEPTED = {"Success", "AlreadyStored"}


def download_images(
    orthanc: Orthanc, instances: Sequence[str], folder: Path, tick: Callable[[], None]
) -> None:
    """Copy images to files that are named by number, since names that come from outside can lead anywhere.

    Args:
        orthanc: where they are.
        instances: identifiers.
        folder: new.
        tick: called before each; what it raises ends the work.

    Raises:
        Left: an image is gone.
        Failure: an image is larger than any that is read.
        Postponed: the disk is full.
    """
    folder.mkdir(parents=True)
    for number, instance in enumerate(instances):
        tick()
        try:
            orthanc.download(f"/instances/{instance}/file", folder / f"{number:06d}.dcm")
        except OrthancError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise Left("gone") from None
            if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise Failure("image_too_large") from None
            raise
        except OSError as error:
            if error.errno in DISK_FULL:
                raise Postponed("disk_full") from None
            raise Failure(f"download_{errno.errorcode.get(error.errno or 0, 'fault')}") from None


def derived_uid(files: Sequence[Path]) -> str:
    """Read the SeriesInstanceUID of a derived series.

    Args:
        files: of the series.
    """
    return str(
        dcmread(files[0], stop_before_pixels=True, specific_tags=["SeriesInstanceUID"]).SeriesInstanceUID
    )


def store_series(orthanc: Orthanc, files: Sequence[Path], tick: Callable[[], None]) -> str:
    """Store a derived series and read back what is there; what is there already is as good as stored.

    Args:
        orthanc: where to.
        files: of the series.
        tick: called before each; what it raises ends the work.

    Returns:
        Identifier of the series.

    Raises:
        Failure: an image was not taken, or the series there has others.
        StorageFullError: Orthanc cannot write.
    """
    stored, parents = set(), set()
    for file in files:
        tick()
        try:
            answer = orthanc.call("POST", "/instances", file.read_bytes()).json()
        except (CredentialsError, StorageFullError):
            raise
        except OrthancError as error:
            raise Failure(f"store_{error.status}") from None
        if answer.get("Status") not in ACCEPTED:
            raise Failure("store_not_accepted")
        stored.add(str(answer["ID"]))
        parents.add(str(answer["ParentSeries"]))
    if len(parents) != 1 or len(stored) != len(files):
        raise Failure("verify")
    (series,) = parents
    if set(orthanc.get(f"/series/{series}")["Instances"]) != stored:
        raise Failure("verify")
    return series


def find_series(orthanc: Orthanc, uids: Iterable[str]) -> list[str]:
    """Look up series by SeriesInstanceUID.

    Args:
        orthanc: where to look.
        uids: to look for.

    Returns:
        Identifiers of those that are there.
    """
    return [
        str(found["ID"])
        for uid in uids
        for found in orthanc.call("POST", "/tools/lookup", uid.encode()).json()
        if found["Type"] == "Series"
    ]


def mark_superseded(orthanc: Orthanc, series: str, by: str) -> None:
    """Write beside a series that a later state of its source has another one.

    Args:
        orthanc: where it is.
        series: identifier.
        by: what to write; empty to remove the mark.
    """
    address = f"/series/{series}/metadata/{SUPERSEDED_NAME}"
    try:
        answer = orthanc.call("GET", address)
    except OrthancError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        if by:
            orthanc.call("PUT", address, by.encode())
        return
    if not by:
        orthanc.call("DELETE", address, match=answer.etag)
    elif answer.body != by.encode():
        orthanc.call("PUT", address, by.encode(), match=answer.etag)
