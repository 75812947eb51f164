"""A PET bundle and PET series, both as small as they can be, for the worker beside Orthanc."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bundle_runs import REPOSITORY
from dicom_edits import activity
from monai.bundle import ConfigParser
from orthanc_server import STORESCU, OrthancServer
from tiny_release import copy_with_small_networks, fresh_weights

from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.io.atomic import read_json, write_json

SHAPE = (32, 32, 8)
AFFINE = np.diag([3.0, 3.0, 4.0, 1.0])
WIDE: dict[str, Any] = {
    "applies_to": {"voxel_mm": [[0.1, 20]] * 3, "shape": [[2, 400]] * 3},
    "gate": {"activity_ratio": [0, 1e9], "peak_ratio": [0, 1e9], "task_agreement": False},
}
"""For networks that never learnt anything."""


def tiny_pet_bundle(folder: Path, version: str = "") -> Path:
    """The PET bundle with small networks and fresh weights, which applies to small series."""
    bundle = copy_with_small_networks(REPOSITORY / "bundles" / "pet_denoising", folder)
    fresh_weights(bundle)
    networks = ConfigParser(ConfigParser.load_config_file(bundle / "configs" / "train.json"))
    torch.save(
        networks.get_parsed_content("task_network_def").state_dict(), bundle / "models" / "task_network.pt"
    )
    table = read_json(bundle / "configs" / "clinical.json")
    table["applies_to"] |= WIDE["applies_to"]
    table["gate"] = WIDE["gate"]
    write_json(bundle / "configs" / "clinical.json", table)
    if version:
        metadata = read_json(bundle / "configs" / "metadata.json")
        write_json(bundle / "configs" / "metadata.json", metadata | {"version": version})
    return bundle


def pet_series(folder: Path, seed: int, **variant: Any) -> list[Path]:
    """Files of a static PET series of 8 slices, in the order of their names."""
    shutil.rmtree(folder, ignore_errors=True)
    write_pet_dicom(
        activity(SHAPE, 1000.0 * (1 + seed)),
        AFFINE,
        folder,
        seed=seed,
        variant=PetVariant(**variant),
    )
    return sorted(folder.glob("*.dcm"))


def store(server: OrthancServer, files: list[Path]) -> list[str]:
    """Store files over HTTP; identifiers of the series."""
    client = server.client()
    answers = [client.call("POST", "/instances", file.read_bytes()).json() for file in files]
    client.close()
    return sorted({answer["ParentSeries"] for answer in answers})


def storescu(
    port: int, files: list[Path], *options: str, calling: str = "SCANNER", called: str = "ORTHANC"
) -> int:
    """Send files by DICOM with DCMTK; its exit status."""
    command = [STORESCU, *options, "-to", "20", "-aet", calling, "-aec", called, "127.0.0.1", str(port)]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, check=False, timeout=60)
    return done.returncode


def listed(server: OrthancServer) -> list[dict[str, Any]]:
    """All series with their metadata."""
    client = server.client()
    found = client.get("/series?expand")
    for each in found:
        each["Metadata"] = client.get(f"/series/{each['ID']}/metadata?expand")
    client.close()
    return list(found)


def derived(server: OrthancServer) -> list[dict[str, Any]]:
    """The derived series that no later one supersedes."""
    return [
        each
        for each in listed(server)
        if "research only" in each["MainDicomTags"]["SeriesDescription"]
        and "taskgan-superseded" not in each["Metadata"]
    ]


def markers(server: OrthancServer) -> dict[str, dict[str, Any]]:
    """Markers of the source series, by identifier."""
    return {
        each["ID"]: json.loads(each["Metadata"]["taskgan-done"])
        for each in listed(server)
        if "taskgan-done" in each["Metadata"]
    }
