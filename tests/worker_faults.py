"""What must hold beside two Orthancs after workers have finished, whatever happened before."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from orthanc_server import OrthancServer
from pydicom import dcmread
from worker_scans import derived, listed, markers

from taskgan_ext.clinical.worker.orthanc import Orthanc

NUM_SLICES = 8


def find_faults(source: OrthancServer, destination: OrthancServer, num_series: int) -> list[str]:
    """Whether anything is lost, doubled, partial, unreadable, made of old images, or not delivered."""
    done, everything = markers(source), listed(source)
    current = {uid_of(each): each for each in derived(source)}
    keys = {each["key"] for each in done.values()}
    faults = [] if len(keys) == num_series else [f"{len(keys)} keys of {num_series} series"]
    made = [uid for each in done.values() for uid in each["derived"]]
    faults += [f"lost: {uid}" for uid in set(made) - set(current)]
    faults += [f"doubled: {uid}" for uid in set(current) - set(made)]
    faults += [f"{len(each['derived'])} series of one" for each in done.values() if len(each["derived"]) != 1]
    client, there = source.client(), destination.client()
    sources = {each["ID"]: each for each in everything if each["ID"] in done}
    for id_, marker in done.items():
        for uid in set(marker["derived"]) & set(current):
            faults += _wrong(client, sources[id_], current[uid])
            faults += _not_delivered(there, uid)
    client.close()
    there.close()
    return faults


def count_leftovers(source: OrthancServer, num_series: int) -> dict[str, int]:
    """Superseded series, and how many of them were never whole."""
    everything = listed(source)
    old = [each for each in everything if "taskgan-superseded" in each["Metadata"]]
    assert len(everything) == len(old) + len(derived(source)) + num_series
    partial = sum(len(each["Instances"]) < NUM_SLICES for each in old)
    return {"superseded": len(old), "superseded_and_partial": partial}


def uid_of(series: dict[str, Any]) -> str:
    """SeriesInstanceUID of a listed series."""
    return str(series["MainDicomTags"]["SeriesInstanceUID"])


def _wrong(client: Orthanc, source: dict[str, Any], made: dict[str, Any]) -> Iterator[str]:
    """Whether a derived series is whole, readable, and made of the images that its source has now."""
    images = [
        dcmread(BytesIO(client.call("GET", f"/instances/{id_}/file").body)) for id_ in made["Instances"]
    ]
    named = {str(item.ReferencedSOPInstanceUID) for image in images for item in image.SourceImageSequence}
    there = {
        str(client.get(f"/instances/{id_}/simplified-tags")["SOPInstanceUID"]) for id_ in source["Instances"]
    }
    if len(images) != NUM_SLICES or len(source["Instances"]) != NUM_SLICES:
        yield f"partial: {len(images)} of {len(source['Instances'])} images"
    if named != there:
        yield "made of other images than the source has"
    if any(image.pixel_array.max() <= 0 for image in images):
        yield "values cannot be read"


def _not_delivered(client: Orthanc, uid: str) -> Iterator[str]:
    found = client.call("POST", "/tools/lookup", uid.encode()).json()
    if len(found) != 1:
        yield f"the destination has {len(found)} of {uid}"
    elif len(client.get(f"/series/{found[0]['ID']}")["Instances"]) != NUM_SLICES:
        yield "partial at the destination"
